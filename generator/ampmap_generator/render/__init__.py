"""Renders references into files: what the sub-packages share, and a sub-package an output.

It may import everything but `targets` and `cli`.
"""
