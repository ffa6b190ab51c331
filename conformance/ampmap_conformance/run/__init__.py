"""A whole run, from options to a report, by the command or under pytest.

May import everything but `resolver`, `evidence` and `cli`.
"""
