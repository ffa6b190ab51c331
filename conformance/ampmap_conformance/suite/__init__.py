"""The checks: one per requirement, each read as given, when, then."""
