"""Header lines of one hop, which a proxy must not forward (RFC 9110, section 7.6.1)."""

from __future__ import annotations

from ...checks.findings import expect_none
from ...wire.messages import UpstreamRequest

HOP_HEADER = "x-ampmap-hop"
"""A header that `Connection` names, so that it is of this hop alone."""
HOP_VALUE = "ampmap-connection-only"
FRAMING = frozenset({"connection", "te", "transfer-encoding", "upgrade", "trailer"})
"""Those that change how a message is read, so that a probe cannot give them any value."""
NAMED_HOP = (("Connection", f"close, {HOP_HEADER}"), (HOP_HEADER, HOP_VALUE))
"""A header of this hop, and `Connection` that names it."""


def assert_no_hop_headers(upstream: UpstreamRequest) -> None:
    """No header of the client's connection is in a request that reached an upstream."""
    kept = [name for name, value in upstream.headers if HOP_VALUE in value]
    expect_none(kept, "the upstream got headers of the client's connection", expected="none of them")
