"""Compiles the ampmap spec into the routing map, the types and the reference data."""
