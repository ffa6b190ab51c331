"""Looks things up in a spec: paths, and what is known of a fact, for `ampmap explain`.

It may import `vendored`, `load` and `compile`.
"""
