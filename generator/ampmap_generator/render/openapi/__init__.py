"""Writes OpenAPI documents of the surface that a proxy serves.

It may import `render` itself, and none of its other sub-packages.
"""
