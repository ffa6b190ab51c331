"""The commands of `ampmap-conformance`, one module for each group.

May import every package; commands import what they need when they are called, so that start-up stays lean.
"""

from .main import main

__all__ = ["main"]
