"""Header lines of one hop, which a proxy must not forward (RFC 9110, section 7.6.1)."""

HOP_HEADER = "x-ampmap-hop"
"""A header that `Connection` names, so that it is of this hop alone."""
HOP_VALUE = "ampmap-connection-only"
FRAMING = frozenset({"connection", "te", "transfer-encoding", "upgrade", "trailer"})
