"""The kit accuses no proxy of what was not seen: one test for each kind of false alarm that real proxies met."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from ampmap_conformance.baseline.file import Entry, to_yaml
from ampmap_conformance.baseline.update import updated
from ampmap_conformance.report.diff import difference
from ampmap_conformance.report.model import Report, Result
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.verdicts import Verdict

from .handmade import KEY, Answer, Call, Handmade, serving

Run: TypeAlias = Callable[..., RunOutcome]
Serve: TypeAlias = Callable[..., Path]
RED = (Verdict.FAIL, Verdict.WARN, Verdict.FLAKY, Verdict.ERROR)


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Runs proxies of this test's own: `serve(Kind, providers="[cerebras]")` is the target file of one."""
    monkeypatch.setenv("HANDMADE_KEY", KEY)
    running = []

    def start(kind: type[Handmade], **file: str) -> Path:
        context = serving(tmp_path, kind, **file)
        running.append(context)
        return context.__enter__()

    yield start
    for context in running:
        context.__exit__(None, None, None)


def red(report: Report) -> dict[str, Result]:
    return {result.id: result for result in report.results if result.verdict in RED}


# --- connections


class HangsUp(Handmade):
    """Closes the connection behind every error, as uvicorn does behind an exception."""

    def answer(self, call: Call) -> Answer | None:
        found = super().answer(call)
        if found is not None and found.status >= 400:
            found.hangs_up = True
        return found


def test_a_kept_connection_that_is_closed_fails_the_rule_on_it_alone(run: Run, serve: Serve) -> None:
    target = serve(HangsUp, providers="[cerebras]")
    wanted = ("errors.upstream-*", "errors.tell-*", "fallback.*", "tenancy.close*", "tenancy.connection*")
    first, second = (run(target=target, select=wanted).report for _ in range(2))
    assert {result.requirement for result in red(first).values()} == {"tenancy.close-is-announced"}
    assert not any((difference(first, second).regressions, difference(first, second).fixes))


# --- one case, several faults


class Leaks(Handmade):
    """Sends the client's key on in one header more than is right."""

    also: tuple[str, ...] = ("x-first",)

    def forwarded(self, call: Call, path: str | None = None) -> Answer | None:
        for name in self.also:
            call.headers[name] = KEY
        return super().forwarded(call, path)


class LeaksMore(Leaks):
    also = ("x-first", "x-second")


def test_a_new_fault_behind_a_known_one_is_told(run: Run, serve: Serve, tmp_path: Path) -> None:
    case = "headers.client-credential-replaced[cerebras-chat.completions-authorization_bearer]"
    known = run(target=serve(Leaks, providers="[cerebras]"), select=(case,)).report
    worse = serve(LeaksMore, providers="[cerebras]")
    more = run(target=worse, select=(case,)).report
    first, second = (f"the-client-s-key-reached-the-upstream@{name}" for name in ("x-first", "x-second"))
    assert [one.code for one in more.results[0].observations] == [first, second]
    (regression,) = difference(known, more).regressions
    assert (regression.id, second in regression.reason, first in regression.reason) == (case, True, False)
    assert not difference(more, more).regressions

    baseline = tmp_path / "baseline.yaml"
    template = Entry(pattern="*", reason="the key goes on")
    baseline.write_text(to_yaml(updated(known, (), template).entries), encoding="utf-8")
    excused = run(target=worse, select=(case,), baseline=baseline).report.results[0]
    assert (excused.verdict, second in excused.reason) == (Verdict.FAIL, True)
    baseline.write_text(to_yaml(updated(more, (), template).entries), encoding="utf-8")
    assert run(target=worse, select=(case,), baseline=baseline).report.results[0].verdict is Verdict.KNOWN_FAILURE


# --- no verdict without service


class HalfWired(Handmade):
    """Has no route to Cerebras: every good call for it gets 404."""

    def forwarded(self, call: Call, path: str | None = None) -> Answer | None:
        return self.error(404, "not here") if "/cerebras/" in call.path else super().forwarded(call, path)


class Benches(Handmade):
    """Answers 429 to every call behind one that the upstream rejected."""

    benched = False

    def forwarded(self, call: Call, path: str | None = None) -> Answer | None:
        if self.benched:
            return self.error(429, "the model is suspended")
        found = super().forwarded(call, path)
        self.benched = self.benched or (found is not None and found.status == 400)
        return found


class SilentWithoutUpstream(Handmade):
    """Closes the connection where its upstream gave no answer."""

    def forwarded(self, call: Call, path: str | None = None) -> Answer | None:
        found = super().forwarded(call, path)
        return None if found is not None and found.status == 502 else found


def test_what_is_not_served_is_blocked_by_the_rule_on_service(run: Run, serve: Serve) -> None:
    target = serve(HalfWired, providers="[anthropic, cerebras]")
    wanted = ("fallback.*[openai*]", "errors.*[openai*]", "tenancy.no*[openai*]", "streaming.upstream*[openai*]")
    report = run(target=target, select=(*wanted, "headers.*[cerebras*]", "routing.reaches-upstream[cerebras*]")).report
    assert {result.requirement for result in red(report).values()} == {"routing.reaches-upstream"}
    reasons = {result.reason for result in report.results if result.verdict is Verdict.BLOCKED}
    assert reasons
    assert all("blocked by " in reason and "the call " in reason for reason in reasons), reasons


def test_a_benched_upstream_is_blamed_on_benching_alone(run: Run, serve: Serve) -> None:
    target = serve(Benches, providers="[cerebras]")
    report = run(target=target, select=("fallback.*", "errors.routed-*"), workers=1).report
    bad = {result.requirement for result in red(report).values()}
    assert "fallback.next-call-after-rejection" in bad
    assert all(name.startswith("fallback.next-call-after-") for name in bad)
    blocked = {result.reason.partition("[")[0] for result in report.results if result.verdict is Verdict.BLOCKED}
    assert blocked == {"blocked by fallback.next-call-after-rejection"}


def test_no_answer_breaks_no_rule_on_an_answers_text(run: Run, serve: Serve) -> None:
    target = serve(SilentWithoutUpstream, providers="[anthropic]")
    report = run(target=target, select=("errors.tell-*", "errors.own-shape", "errors.upstream-unreachable")).report
    assert {result.requirement for result in red(report).values()} == {"errors.upstream-unreachable"}
    blocked = {result.id: result.reason for result in report.results if result.verdict is Verdict.BLOCKED}
    assert all("-no-upstream]" in name for name in blocked)
    assert all(reason.startswith("blocked by errors.upstream-unreachable[") for reason in blocked.values())
    assert {name.partition("[")[0] for name in blocked} == {
        "errors.own-shape",
        "errors.tell-no-internals",
        "errors.tell-no-key",
    }
