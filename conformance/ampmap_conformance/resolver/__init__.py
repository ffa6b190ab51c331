"""Checks a resolver of auth modes in any language: vectors go in, one JSON line each, and the answers are judged.

May import `reference`, `wire`, `errors` and `files`; it knows no proxy.
"""
