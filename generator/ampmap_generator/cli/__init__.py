"""The `ampmap` command, a module a group of commands; it may import everything of the generator.

Commands import what they need when they are called, so that start-up stays lean.
"""

from .main import main

__all__ = ["main"]
