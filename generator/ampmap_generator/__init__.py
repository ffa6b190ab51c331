"""Compiles the ampmap spec into the routing map, the types and the reference data.

Its packages, each of which imports only those before it: vendored, load, compile, query, diff, check, render, cli.
"""
