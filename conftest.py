"""Loads the fixtures and options of both trees of tests; pytest takes plugins from the top folder's conftest alone."""

pytest_plugins = ["ampmap_tests_support.plugin"]
