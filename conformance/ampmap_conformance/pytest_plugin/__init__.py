"""What pytest loads in every environment that has ampmap: two fixtures, and the suite's plugin when it is asked for.

`pytest --pyargs ampmap_conformance.suite --target staging.yaml` needs the plugin's options before any conftest is read.
Other people's test runs pay for this file alone: the fixtures import what they need when a test uses them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ..observer import Observer
    from .fixtures import RunningProxy

SUITE_PLUGIN = "ampmap_conformance.run.items"
"""The module that makes every case an item of pytest."""


@contextmanager
def _with_its_packages() -> Iterator[None]:
    """Around imports of the kit. Raises pytest.UsageError, with what to install, where a package is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        from ..extras import remedy

        raise pytest.UsageError(remedy(error) or str(error)) from error


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """Loads the plugin when an argument names the suite. Raises UsageError, with what to install, if it cannot run."""
    if any("ampmap_conformance.suite" in argument for argument in args):
        with _with_its_packages():
            import_module(SUITE_PLUGIN)
        early_config.pluginmanager.import_plugin(SUITE_PLUGIN)


@pytest.fixture(scope="session")
def observer() -> Iterator[Observer]:
    """The recording upstream that plays every provider and Amp's own servers: point your proxy's upstreams to it.

    One for the whole run, so that a proxy that is started once can use it; tests tell their requests by nonces.
    """
    with ExitStack() as stack:
        with _with_its_packages():
            from .fixtures import running_observer

            running = stack.enter_context(running_observer())
        yield running


@pytest.fixture(scope="session")
def reference_proxy(observer: Observer) -> Iterator[RunningProxy]:
    """The reference proxy in front of `observer`: what a right proxy does, to be compared with or to test a client."""
    with ExitStack() as stack:
        with _with_its_packages():
            from .fixtures import running_proxy

            running = stack.enter_context(running_proxy(observer))
        yield running
