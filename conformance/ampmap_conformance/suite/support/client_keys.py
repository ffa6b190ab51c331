"""Where a client's key may arrive, by the policy of the target."""

from __future__ import annotations

from ...checks.expect import assert_absent
from ...probe.probe import Probe
from ...wire.messages import UpstreamRequest


def assert_key_stripped(key: str, upstream: UpstreamRequest, probe: Probe, *, saying: str) -> None:
    """The client's key is not in an upstream request, unless it is the client's Amp key and Amp's servers got it."""
    if not probe.may_get_client_key(upstream):
        assert_absent(key, in_=upstream, saying=saying)


def foreign_to(upstream: UpstreamRequest, probe: Probe) -> str:
    """The client's key where it must not be the credential of an upstream request, and otherwise nothing."""
    return "" if probe.may_get_client_key(upstream) else probe.client_key
