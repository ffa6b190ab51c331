"""From outcomes to `report.json`, to its other formats and to the terminal.

May import `engine` and what is below it; it starts no run.
"""
