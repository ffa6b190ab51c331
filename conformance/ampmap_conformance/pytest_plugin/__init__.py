"""What pytest loads in every environment that has ampmap: two fixtures, and the suite's plugin when it is asked for.

`pytest --pyargs ampmap_conformance.suite --target staging.yaml` needs the plugin's options before any conftest is read.
Other people's test runs pay for this file alone: the fixtures import what they need when a test uses them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ..observer import Observer
    from .fixtures import RunningProxy


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """Loads the plugin when an argument names the suite."""
    if any("ampmap_conformance.suite" in argument for argument in args):
        early_config.pluginmanager.import_plugin("ampmap_conformance.run.items")


@pytest.fixture(scope="session")
def observer() -> Iterator[Observer]:
    """The recording upstream that plays every provider and Amp's own servers: point your proxy's upstreams to it.

    One for the whole run, so that a proxy that is started once can use it; tests tell their requests by nonces.
    """
    from .fixtures import running_observer

    with running_observer() as running:
        yield running


@pytest.fixture(scope="session")
def reference_proxy(observer: Observer) -> Iterator[RunningProxy]:
    """The reference proxy in front of `observer`: what a right proxy does, to be compared with or to test a client."""
    from .fixtures import running_proxy

    with running_proxy(observer) as running:
        yield running
