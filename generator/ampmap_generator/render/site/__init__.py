"""Makes the pages of the site, and what lies beside them.

It may import `render` and all of its sub-packages.
"""
