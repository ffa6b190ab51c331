"""Compares facts with one another: references, policies, suppressions, in every edition.

It may import `vendored`, `load`, `compile`, `query` and `diff`.
"""
