"""Known failures: the file, the watch over it during a run, its update and the patterns that it writes.

May import `report` and what is below it.
"""
