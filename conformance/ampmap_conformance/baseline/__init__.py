"""Known failures: the file, the watch over it during a run, its update and the fewest patterns.

May import `report` and what is below it.
"""
