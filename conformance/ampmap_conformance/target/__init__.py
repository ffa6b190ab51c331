"""The proxy under test: its file, how it is discovered and reloaded, and the observer behind it.

May import `observer` and what is below it; it knows no case and no check.
"""
