"""Makes the test vectors for resolvers of auth modes.

It may import `render` itself, and none of its other sub-packages.
"""
