"""Loads what the tests of the generator and of the kit share."""

pytest_plugins = ["tests_support.plugin"]
