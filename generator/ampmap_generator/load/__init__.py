"""Reads YAML into checked nodes that know their place, and layers and editions into one `Spec`.

It may import `vendored`.
"""
