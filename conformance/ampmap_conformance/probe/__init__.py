"""What a check has in hand: it sends the call of a case and shows both hops.

May import `checks` and what is below it.
"""
