"""The kit accuses no proxy of what was not seen: one test for each kind of false alarm that real proxies met."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from ampmap_conformance.baseline.file import to_yaml
from ampmap_conformance.baseline.update import Template, updated
from ampmap_conformance.probe import calls
from ampmap_conformance.probe import probe as probes
from ampmap_conformance.report.diff import difference
from ampmap_conformance.report.facts import ending
from ampmap_conformance.report.model import Report, Result
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.verdicts import Attribution, ExitCode, Verdict
from ampmap_conformance.wire import foreign_peer
from ampmap_conformance.wire.raw import Ending, RawAnswer, RawRequest, send_raw

from .handmade import KEY, Answer, Call, Handmade

Run: TypeAlias = Callable[..., RunOutcome]
Serve: TypeAlias = Callable[..., Path]
RED = (Verdict.FAIL, Verdict.WARN, Verdict.FLAKY, Verdict.ERROR)


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

    def forwarded(self, call: Call) -> Answer | None:
        for name in self.also:
            call.headers[name] = KEY
        return super().forwarded(call)


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
    template = Template(reason="the key goes on")
    baseline.write_text(to_yaml(updated(known, (), template).entries), encoding="utf-8")
    excused = run(target=worse, select=(case,), baseline=baseline).report.results[0]
    assert (excused.verdict, second in excused.reason) == (Verdict.FAIL, True)
    baseline.write_text(to_yaml(updated(more, (), template).entries), encoding="utf-8")
    assert run(target=worse, select=(case,), baseline=baseline).report.results[0].verdict is Verdict.KNOWN_FAILURE


# --- no verdict without service


class HalfWired(Handmade):
    """Has no route to Cerebras: every good call for it gets 404."""

    def forwarded(self, call: Call) -> Answer | None:
        return self.error(404, "not here") if "/cerebras/" in call.path else super().forwarded(call)


class Benches(Handmade):
    """Answers 429 to every call behind one that the upstream rejected."""

    benched = False

    def forwarded(self, call: Call) -> Answer | None:
        if self.benched:
            return self.error(429, "the model is suspended")
        found = super().forwarded(call)
        self.benched = self.benched or (found is not None and found.status == 400)
        return found


class SilentWithoutUpstream(Handmade):
    """Closes the connection where its upstream gave no answer."""

    def forwarded(self, call: Call) -> Answer | None:
        found = super().forwarded(call)
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
    blocked = {
        ("-models." in result.case, result.reason.partition("[")[0])
        for result in report.results
        if result.verdict is Verdict.BLOCKED
    }
    assert blocked == {
        (False, "blocked by fallback.next-call-after-rejection"),
        (True, "blocked by routing.reaches-upstream"),  # no list was asked for, and served, before the benching
    }


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
        "errors.tell-no-version",
    }


# --- claims


EVERYWHERE = "0.0.0.0"  # noqa: S104 - what a proxy that many machines call listens at
OTHER_ADDRESS = "127.0.0.2"
"""Stands for an address of this machine that is not a loopback one, which not every machine has."""


class Keeps(Handmade):
    """Serves management to callers at its loopback address alone."""

    def answer(self, call: Call) -> Answer | None:
        if "/api/provider/" not in call.path and call.called_at == OTHER_ADDRESS:
            return self.error(403, "from here alone")
        return super().answer(call)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """OTHER_ADDRESS is another address than the loopback ones."""
    for module in (foreign_peer, calls):
        monkeypatch.setattr(module, "is_loopback", lambda host: host in ("127.0.0.1", "localhost"))


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize(
    ("kind", "listen", "verdicts", "unproven"),
    [
        (Handmade, EVERYWHERE, {Verdict.FAIL}, ()),
        (Keeps, EVERYWHERE, {Verdict.PASS}, ()),
        (Handmade, OTHER_ADDRESS, {Verdict.FAIL}, ()),
        (Keeps, OTHER_ADDRESS, {Verdict.NOT_TESTABLE}, ("localhost-only",)),
    ],
)
def test_a_claim_does_not_silence_its_own_check(
    run: Run, serve: Serve, kind: type[Handmade], listen: str, verdicts: set[Verdict], unproven: tuple[str, ...]
) -> None:
    claims = "[management, localhost-only]"
    target = serve(kind, listen=listen, at=OTHER_ADDRESS, providers="[cerebras]", claims=claims)
    report = run(target=target, select=("security.foreign-peer-refused[*internal*]",)).report
    assert {result.verdict for result in report.results} == verdicts
    assert report.summary.unproven == unproven


def test_an_unproven_claim_is_in_the_verdict(run: Run, serve: Serve) -> None:
    target = serve(Handmade, providers="[cerebras]", claims="[management, localhost-only]")
    wanted = ("security.foreign-peer-refused", "security.peer-decides", "routing.reaches-upstream")
    usual, strict = (run(target=target, select=wanted, strict=strict) for strict in (False, True))
    assert usual.report.summary.unproven == ("localhost-only",)
    assert "unproven, as it could not be tested: `localhost-only`" in ending(usual.report)
    assert (usual.code, strict.code) == (ExitCode.CONFORMANT, ExitCode.NOTHING_RAN)


# --- whose fault it is


class HidesFailures(Handmade):
    """Serves OpenAI's responses by chat completions, and answers with success whatever it got there."""

    def forwarded(self, call: Call) -> Answer | None:
        words = call.body.decode().partition("Say hi. ")[2].partition('"')[0]
        chat = b'{"model":"gpt-5","messages":[{"role":"user","content":"%b"}]}' % words.encode()
        call.headers.replace_header("content-length", str(len(chat)))
        found = super().forwarded(Call("POST", "/api/provider/openai/v1/chat/completions", call.headers, chat))
        return None if found is None else Answer(200, found.body, found.lines)


def test_a_fault_is_sought_in_the_dialect_that_was_called(run: Run, serve: Serve) -> None:
    target = serve(HidesFailures, providers="[openai]", policy="{body: translated}")
    wanted = ("errors.failure-keeps-error-status[openai-responses-503]",)
    (result,) = run(target=target, select=wanted, attribute=True).report.results
    assert (result.verdict, result.attribution) == (Verdict.FAIL, Attribution.UNCLEAR)


# --- SDKs, the warm-up, rules that compare with the usual call


class AnswersWarmUp(Handmade):
    """Answers the SDK's warm-up itself, without a body."""

    def answer(self, call: Call) -> Answer | None:
        return Answer(204, b"") if call.path.endswith("/tcp_warming") else super().answer(call)


class WarmsUpAtAmp(Handmade):
    """Sends the warm-up on to Amp's servers, on its own path."""

    def forwarded(self, call: Call) -> Answer | None:
        return self.sent_to("amp", call) if call.path.endswith("/tcp_warming") else super().forwarded(call)


class CallsOnePath(Handmade):
    """Calls its provider on one path whatever the client's was, and has no lists."""

    def forwarded(self, call: Call) -> Answer | None:
        if call.method == "GET":
            return self.error(404, "no lists")
        call.path = "/api/provider/cerebras/v1/chat/completions"
        return super().forwarded(call)


class PutsOff(Handmade):
    """Refuses calls behind one that failed, and says when it will serve them."""

    failed = False

    def forwarded(self, call: Call) -> Answer | None:
        if self.failed:
            return Answer(503, self.error(503, "spared").body, [("Retry-After", "1")])
        found = super().forwarded(call)
        self.failed = found is not None and found.status >= 500
        return found


class TellsProtocols(Handmade):
    """Names in its errors the protocol, and an address with the version of an interface: neither is its software."""

    def error(self, status: int, words: str) -> Answer:
        return super().error(status, f"{words}: HTTP/1.1 {status} at https://api.example.com/v1.0/chat")


@pytest.mark.parametrize(
    ("kind", "select"),
    [
        (PutsOff, "fallback.next-call-after-two-failures[*-500]"),
        (AnswersWarmUp, "clients.tool-round-trip[cerebras*]"),
        (WarmsUpAtAmp, "routing.warm-up-unmetered"),
        (CallsOnePath, "security.client-chooses-no-upstream"),
        (CallsOnePath, "auth.missing-credential-rejected"),
        (CallsOnePath, "auth.malformed-refused"),
        (TellsProtocols, "errors.tell-no-version"),
    ],
)
def test_proxies_that_are_right_in_their_own_way_are_spared(
    run: Run, serve: Serve, kind: type[Handmade], select: str
) -> None:
    report = run(target=serve(kind, providers="[cerebras]"), select=(select,)).report
    assert not red(report)
    assert report.summary.counts.get(Verdict.PASS)


class LooksAtBodiesFirst(Handmade):
    """Answers 500 to every call without its key, before it looks for one."""

    def answer(self, call: Call) -> Answer | None:
        return super().answer(call) if call.has_key else self.error(500, "no database")


def test_a_refusal_with_another_status_is_not_called_a_way_in(run: Run, serve: Serve) -> None:
    target = serve(LooksAtBodiesFirst, providers="[cerebras]")
    wanted = ("auth.missing-credential-rejected", "auth.placeholder-rejected", "tenancy.each-call-*")
    bad = red(run(target=target, select=wanted).report).values()
    assert {result.requirement for result in bad} >= {"auth.missing-credential-rejected"}
    assert {result.reason for result in bad} == {"the rejection has another status"}


# --- busy proxies


@pytest.mark.parametrize(("late", "verdict"), [(1, Verdict.WARN), (3, Verdict.NOT_TESTABLE)])
def test_a_client_waits_longer_for_a_proxy_that_is_slow_to_call_its_upstream(
    run: Run, serve: Serve, monkeypatch: pytest.MonkeyPatch, late: int, verdict: Verdict
) -> None:
    """On a busy machine FastAPI had not called its upstream when the client left; two runs differed for it."""
    left: list[RawRequest] = []

    def send(base_url: str, request: RawRequest, *, tls: ssl.SSLContext | None) -> RawAnswer:
        left.append(request)
        silent = len(left) <= late
        return RawAnswer((), (), Ending.TIMEOUT, 0.0, ()) if silent else send_raw(base_url, request, tls=tls)

    monkeypatch.setattr(probes, "send_raw", send)
    case = "streaming.client-gone-early[anthropic-local]"
    (result,) = run(target=serve(Handmade, providers="[anthropic]"), select=(case,)).report.results

    assert result.verdict is verdict, result.reason
    waits = [request.leave_after or 0.0 for request in left]
    assert waits == sorted(set(waits))
