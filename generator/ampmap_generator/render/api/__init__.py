"""Makes the JSON documents beside the site, and the data of its route finder.

It may import `render` itself, and none of its other sub-packages.
"""
