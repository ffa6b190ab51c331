"""Where the upstreams are not seen, the kit blames the proxy for nothing that an upstream may have done."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.verdicts import Verdict

from .handmade import Answer, Call, Handmade

Run: TypeAlias = Callable[..., RunOutcome]
Serve: TypeAlias = Callable[..., Path]

ANSWER = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi."}, "finish_reason": "stop"}],
}


class NeverStreams(Handmade):
    """Has an upstream that answers every call with one body."""

    def forwarded(self, call: Call) -> Answer | None:  # noqa: ARG002 - the same to every call
        return Answer(200, json.dumps(ANSWER).encode(), [("Content-Type", "application/json")])


class FailsAtUnknownPaths(NeverStreams):
    """Has an upstream that fails at a path which it does not know."""

    def forwarded(self, call: Call) -> Answer | None:
        return self.error(500, "no such path") if "no-such" in call.path else super().forwarded(call)


class TrustsPages(NeverStreams):
    """Has an upstream that lets every page read its answers."""

    def forwarded(self, call: Call) -> Answer | None:
        found = super().forwarded(call)
        if found is not None and (origin := call.headers.get("origin")):
            found.lines += [("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true")]
        return found


class TrustsPagesItself(TrustsPages):
    """Lets every page read its own rejections, too."""

    def answer(self, call: Call) -> Answer | None:
        return self.forwarded(call) if call.has_key else self.rejected(call)

    def rejected(self, call: Call) -> Answer:
        """A rejection that a page may read."""
        found = self.error(401, "no key")
        origin = call.headers.get("origin") or "*"
        found.lines += [("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true")]
        return found


class AsksForNoKey(TrustsPages):
    """Passes every call on, whoever makes it."""

    def answer(self, call: Call) -> Answer | None:
        return self.forwarded(call)


@pytest.mark.parametrize(
    ("kind", "case", "verdict"),
    [
        (FailsAtUnknownPaths, "routing.unknown-operation[cerebras]", Verdict.NOT_TESTABLE),
        (NeverStreams, "tenancy.no-answer-to-another-call[openai-chat-stream]", Verdict.NOT_TESTABLE),
        (TrustsPages, "security.no-foreign-origin[openai-chat]", Verdict.PASS),
        (TrustsPagesItself, "security.no-foreign-origin[openai-chat]", Verdict.FAIL),
        (AsksForNoKey, "security.no-foreign-origin[openai-chat]", Verdict.NOT_TESTABLE),
    ],
)
def test_what_an_unseen_upstream_may_have_done_is_not_the_proxys_fault(
    run: Run, serve: Serve, kind: type[Handmade], case: str, verdict: Verdict
) -> None:
    target = serve(kind, providers="[cerebras]")
    seen = target.read_text(encoding="utf-8").splitlines(keepends=True)
    target.write_text("".join(line for line in seen if not line.startswith("observer:")), encoding="utf-8")
    report = run(target=target, select=(case,)).report
    assert {one.verdict: one.reason for one in report.results}.keys() == {verdict}, report.results
