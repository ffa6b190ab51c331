"""Lays out the pictures of the pages, as HTML that `finder.css` styles.

It may import `render` itself, and none of its other sub-packages.
"""
