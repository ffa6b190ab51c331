"""How often checks reckon with a second try, of the proxy or of their own."""

ATTEMPTS = 6
"""Replies that are held ready, so that a proxy that tries again meets the same upstream."""
LOOKS = 40
"""Requests that a check may make until a change has taken effect, and as many until it is undone."""
