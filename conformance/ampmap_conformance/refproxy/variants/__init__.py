"""Unusual proxies that keep every requirement: the suite must raise nothing against them.

May import the rest of `refproxy`.
"""
