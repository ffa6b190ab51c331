"""How a check is written: the decorator `@checks` and the expectations that raise `Violation`.

May import `cases` and what is below it.
"""
