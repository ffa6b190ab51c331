"""A look at one proxy within seconds: whether it can be tested at all, what it serves, and what to do about the rest.

May import `run` and what is below it.
"""
