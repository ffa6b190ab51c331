"""Draws the pictures of the pages, as SVG.

It may import `render` itself, and none of its other sub-packages.
"""
