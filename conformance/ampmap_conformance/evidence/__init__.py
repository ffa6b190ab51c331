"""What shows that the suite finds faults, and nothing else: the kill matrix, unusual proxies, degenerate targets."""
