"""Material of the checks: conditions, bodies and streams that several of them use.

May import `probe` and what is below it.
"""
