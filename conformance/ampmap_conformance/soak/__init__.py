"""Many users at once for a long time: the suite's calls and oracles as users of Locust.

`load` is the program that runs them; it alone imports Locust, see `conformance/decisions/soak.md`. May import
everything but `resolver`, `evidence` and `cli`.
"""
