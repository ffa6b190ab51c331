"""The checks: one for each requirement, each read as given, when, then.

May import `probe` and what is below it.
"""
