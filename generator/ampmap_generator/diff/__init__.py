"""Compares two references: what changed, how grave it is, and the report on it.

It may import `vendored`, `load`, `compile` and `query`.
"""
