"""Decides cases: the plan, its estimate, the verdict of a case and the search for the party at fault.

May import `suite`, `probe` and what is below them; it writes no report.
"""
