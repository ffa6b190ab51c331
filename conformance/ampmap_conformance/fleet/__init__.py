"""One suite against many targets: each in a process of its own, with one overview of what differs between them.

`targets` checks the files, `processes` runs them, `compare` finds what differs, and `model` is the overview as a value.
"""
