"""What shows that the suite finds faults and accuses no right proxy: kill matrix, unusual proxies, degenerate targets.

May import everything but `cli`.
"""
