"""Writes the routing map as configurations of proxies.

It may import `render` itself, and none of its other sub-packages.
"""
