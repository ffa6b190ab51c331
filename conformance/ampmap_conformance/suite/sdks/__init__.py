"""Adapters that drive the official Python SDKs through a proxy, for the profile `clients`.

May import `suite.support` and what is below it.
"""
