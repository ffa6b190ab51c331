"""The editions that tests know by name: the base, and the builds that were measured."""

from __future__ import annotations

from ampmap_generator.vendored.reference import Reference

Editions = dict[str, Reference]

BASE = "amp-0.0.1760587291"
A = "amp-0.0.1767830505"
B = "amp-0.0.1770734955"
C = "amp-0.0.1774310664"
E = "amp-0.0.1777897475"
LATER = (A, B, C, E)
"""The builds that were measured. The spec may hold further editions, of which these tests know nothing."""
FROM_B = (B, C, E)
