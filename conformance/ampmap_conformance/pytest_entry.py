"""What pytest loads in every environment that has ampmap: brings the suite's plugin in when it is asked for.

`pytest --pyargs ampmap_conformance.suite --target staging.yaml` needs the plugin's options before any conftest is read.
Other people's test runs pay for this file alone.
"""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """Loads the plugin when an argument names the suite."""
    if any("ampmap_conformance.suite" in argument for argument in args):
        early_config.pluginmanager.import_plugin("ampmap_conformance.plugin")
