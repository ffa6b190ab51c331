"""Facts that stand in a build of the Amp client: read from the user's own copy, compared with an edition, drafted.

A build is data that nothing here executes. It may import `vendored`, `outputs`, `load`, `compile`, `query` and `diff`.
"""
