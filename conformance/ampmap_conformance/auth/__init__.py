"""Checks anybody's resolver of auth modes: vectors go in, one JSON line each, and the answers are judged."""
