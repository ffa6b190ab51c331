"""One test for each trap that other conformance kits fell into, each named by where it was seen."""

from __future__ import annotations

import json
import re
import subprocess
import xml.etree.ElementTree as Xml
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest
from ampmap_conformance.cases.cases import CallCase
from ampmap_conformance.cli.show import embedded_description
from ampmap_conformance.dialects import bodies
from ampmap_conformance.dialects.schemas import Schemas
from ampmap_conformance.engine.options import RunOptions
from ampmap_conformance.engine.plan import make_plan, narrow, proxy_rules
from ampmap_conformance.observer import Reply
from ampmap_conformance.probe.probe import Probe
from ampmap_conformance.reference import editions, load
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.refproxy import Behaviour
from ampmap_conformance.refproxy.defects.registry import REGISTRY
from ampmap_conformance.refproxy.exchange import RoutedExchange
from ampmap_conformance.report.model import Report
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.report.write import RENDERERS
from ampmap_conformance.run.open import open_run
from ampmap_conformance.verdicts import ExitCode, Level, Verdict
from ampmap_conformance.wire.client import Watch
from ampmap_conformance.wire.messages import Headers, Request, nonce_of
from ampmap_tests_support.places import EVIDENCE, GUIDES

from ..support import DefaultRun

Run: TypeAlias = Callable[..., RunOutcome]
Command: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]
Change: TypeAlias = Callable[[Behaviour], Behaviour]


@pytest.fixture
def unusual(monkeypatch: pytest.MonkeyPatch) -> Callable[[Change], tuple[str, ...]]:
    """Makes an embedded proxy of this test's own; gives what `defects=` takes."""

    def made(change: Change) -> tuple[str, ...]:
        monkeypatch.setitem(REGISTRY, "of-this-test", replace(next(iter(REGISTRY.values())), change=change))
        return ("of-this-test",)

    return made


# --- success without having looked


def test_success_on_nothing_matched(command: Command) -> None:
    """A runner ended with 0 when no test matched its options, and hid three real failures (h2spec)."""
    assert command("run", "--select", "headers.nothing").returncode == 4
    nothing_left = command("run", "--select", "routing.warm-up", "--skip", "routing.warm-up")
    assert nothing_left.returncode == 5
    assert "incomplete" in nothing_left.stdout


def test_success_on_unreadable_configuration(command: Command, tmp_path: Path) -> None:
    """A runner ended with 0 when it could not read its configuration (OCI)."""
    (tmp_path / "bad.yaml").write_bytes(b"name: x\nbase_url: \xff\n")
    (tmp_path / "folder.yaml").mkdir()
    for name in ("bad.yaml", "folder.yaml", "gone.yaml"):
        done = command("run", "--target", name)
        assert (done.returncode, done.stdout) == (4, "")
        assert name in done.stderr
    assert command("run", "--baseline", "gone.yaml").returncode == 4
    assert command("run", "--reference", "bad.yaml").returncode == 4


def test_success_whatever_failed(process: Command) -> None:
    """A command line ended with 0 whatever its tests had found (cache-tests)."""
    done = process("run", "--defect", "query-dropped", "--select", "routing.query-kept[groq-models.list]")
    assert done.returncode == 1
    assert "--select 'routing.query-kept[groq-models.list]'" in done.stdout


# --- options that do not do what they say


def test_a_filter_that_only_hides_output(run: Run, default_run: DefaultRun) -> None:
    """A filter hid results while every test ran, and each cost tokens (openresponses)."""
    part = run(select=("routing.answer-relayed[groq-models.list]",)).report.requests
    assert part is not None
    assert default_run.report.requests is not None
    assert part.sent == 3 < default_run.report.requests.sent
    assert part.planned < 12


def test_unknown_options_are_swallowed(command: Command) -> None:
    """Unknown options were dropped without a word (openresponses)."""
    for words in (("run", "--no-such-option"), ("run", "stray"), ("list", "--profil", "auth"), ("runn",)):
        done = command(*words)
        assert (done.returncode, done.stdout) == (4, "")
        assert words[-1] in done.stderr or words[1] in done.stderr


# --- reports


def test_junit_without_failure_elements(command: Command, tmp_path: Path) -> None:
    """JUnit files had counts but no failure elements, so that readers showed green (OCI)."""
    command("run", "--defect", "query-dropped", "--select", "routing.query-kept[groq-*]")
    (file,) = [path for path in (tmp_path / "ampmap-report").iterdir() if path.suffix == ".xml"]
    root = Xml.fromstring(file.read_bytes())  # noqa: S314 - the kit's own file
    failed = [case for case in root.iter("testcase") if case.find("failure") is not None]
    report = json.loads((tmp_path / "ampmap-report" / "report.json").read_bytes())
    assert len(failed) == report["summary"]["counts"]["fail"] > 0
    assert "changed query" in (failed[0].find("failure").get("message") or "")  # type: ignore[union-attr]


def test_documentation_that_promises_files_which_need_a_flag(command: Command, tmp_path: Path) -> None:
    """The README promised result files that only an option wrote (MCP #486)."""
    command("run", "--select", "routing.warm-up")
    written = {path.name for path in (tmp_path / "ampmap-report").iterdir()}
    assert written == set(RENDERERS)
    promised = set()
    for guide in GUIDES.glob("*.md"):
        promised |= set(re.findall(r"ampmap-report/([\w.-]+\.\w+)", guide.read_text(encoding="utf-8")))
    assert promised <= written


# --- lists of exceptions and patterns


def test_exceptions_that_match_nothing(command: Command, tmp_path: Path) -> None:
    """Entries of a list of expected failures matched nothing, and nobody noticed (tuf)."""
    entry = "- pattern: routing.query-keept[groq-*]\n  reason: a typing error\n"
    (tmp_path / "baseline.yaml").write_text(entry, encoding="utf-8")
    done = command("run", "--baseline", "baseline.yaml", "--select", "routing.warm-up")
    assert done.returncode == 7
    assert "baseline.yaml:1:" in done.stdout
    assert "did you mean" in done.stdout


def test_brackets_that_match_too_much(reference: Reference) -> None:
    """Brackets in a pattern were a set of letters, and matched other tests (sigstore)."""
    plan = make_plan(embedded_description(reference))
    exact = narrow(plan, select=["routing.reaches-upstream[groq-models.list]"])
    assert [task.id for task in exact.selected] == ["routing.reaches-upstream[groq-models.list]"]
    names = {task.case.name for task in narrow(plan, select=["routing.reaches-upstream[groq-*]"]).selected}
    assert all(name.startswith("groq-") for name in names)


# --- one policy


def test_a_warning_that_is_red_here_and_ignored_there(run: Run, command: Command) -> None:
    """A warning failed in one command and was ignored in another (MCP #245)."""
    wanted = {"defects": ("one-error-shape",), "select": ("errors.own-shape",)}
    ended = run(**wanted)
    assert {result.verdict for result in ended.report.results} >= {Verdict.WARN}
    assert (ended.code, ended.report.summary.verdict) == (ExitCode.CONFORMANT, "conformant")
    strict = run(**wanted, strict=True)
    assert (strict.code, strict.report.summary.verdict) == (ExitCode.FAILURES, "non-conformant")
    words = ("run", "--defect", "one-error-shape", "--select", "errors.own-shape")
    assert command(*words).returncode == 0
    assert command(*words, "--strict").returncode == 1
    diffed = command("report", "diff", "ampmap-report/report.json", "ampmap-report/report.json")
    assert diffed.returncode == 0


def test_a_check_of_the_environment_that_fails_remote_targets(
    run: Run, always: Callable[[int], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scenario for servers on the local machine failed every remote one (MCP)."""
    monkeypatch.setenv("AMPMAP_CLIENT_KEY", "any-key-at-all")
    results = run(base_url=always(200)).report.results
    bound = {"foreign-peer", "reload"}
    rows = {row.id for row in proxy_rules(load()).values() if bound & set(row.needs) or row.claim}
    found = Counter(result.verdict for result in results if result.requirement in rows)
    assert set(found) <= {Verdict.NOT_APPLICABLE, Verdict.NOT_TESTABLE}


# --- probes


def test_a_probe_that_lacks_a_mandatory_field(reference: Reference) -> None:
    """A probe lacked a field that had nothing to do with it, so that every strict target failed (MCP #309)."""
    judge = Schemas(reference)
    wrong: dict[str, str] = {}
    with open_run(RunOptions()) as session:
        for task in session.plan.selected:
            if not isinstance(task.case, CallCase):
                continue
            request = Probe(session.context).request(task.case)
            operation = task.case.call.operation
            lacking = [name for name in operation.required_headers if name not in request.headers]
            problem = judge.request(task.case.call, request.body) if operation.request_schema else None
            if lacking or problem:
                wrong[task.id] = problem or f"no {', '.join(lacking)}"
    assert wrong == {}


def test_forwarding_that_is_read_from_the_response(run: Run, unusual: Callable[[Change], tuple[str, ...]]) -> None:
    """Headers were found to be forwarded by looking at the answer, so that a gateway which drops them passed (optimike
    #35)."""

    dropped = ("anthropic-beta", "x-ampmap-probe")

    def echoing(right: Behaviour) -> Behaviour:
        def upstream(exchange: RoutedExchange, body: bytes) -> Headers:
            return right.upstream_headers(exchange, body).without(*dropped)

        def answer(exchange: RoutedExchange, headers: Headers) -> Headers:
            echo = (line for line in exchange.incoming.headers if line[0].lower() in dropped)
            return right.response_headers(exchange, headers).adding(*echo)

        return replace(right, upstream_headers=upstream, response_headers=answer)

    select = ("headers.end-to-end-forwarded[anthropic]", "headers.forwarded[anthropic-messages]")
    ended = run(defects=unusual(echoing), select=select, strict=True)
    assert {result.verdict for result in ended.report.results} == {Verdict.FAIL}


def test_a_path_that_is_asserted_and_headers_that_are_not(run: Run) -> None:
    """The request upstream was checked for its path alone, so that lost headers passed (gateway-api #2142)."""
    for defect in ("beta-header-dropped", "unknown-headers-dropped", "host-kept", "client-key-forwarded"):
        ended = run(
            defects=(defect,), select=("routing.method-and-path[anthropic-*]", "headers.*[anthropic*]"), strict=True
        )
        red = {result.requirement for result in ended.report.results if result.verdict is Verdict.FAIL}
        assert red
        assert "routing.method-and-path" not in red


def test_a_header_of_the_test_in_the_production_path(
    run: Run, unusual: Callable[[Change], tuple[str, ...]], reference: Reference
) -> None:
    """A proxy had to pass a header that only the test needed (inference-extension #3017)."""

    def allow_list(right: Behaviour) -> Behaviour:
        wanted = {"content-type", "content-length", "host", "authorization", "x-api-key", "x-goog-api-key", "accept"}
        wanted |= {name.lower() for endpoint in reference.endpoints.values() for name in endpoint.request_headers}

        def upstream(exchange: RoutedExchange, body: bytes) -> Headers:
            lines = right.upstream_headers(exchange, body)
            return Headers(tuple(line for line in lines if line[0].lower() in wanted))

        return replace(right, upstream_headers=upstream)

    select = ("routing.reaches-upstream[*-messages*]", "routing.body-kept", "routing.stream-relayed")
    ended = run(defects=unusual(allow_list), select=select)
    assert ended.code is ExitCode.CONFORMANT
    assert ended.report.summary.counts == {Verdict.PASS: len(ended.report.results)}


# --- data


def test_ids_that_are_bound_to_one_edition() -> None:
    """Ids were the sections of one RFC, and could not follow when the RFC was replaced (h2spec)."""
    known = {edition: set(proxy_rules(load(edition=edition))) for edition in editions()}
    assert len(known) > 1
    assert len(set(map(frozenset, known.values()))) == 1
    outcomes = r"\b(pass(es|ed)?|fail(s|ed)?|amp-\d|v\d|\d{4,})\b"
    assert [name for ids in known.values() for name in ids if re.search(outcomes, name)] == []


def test_two_generations_of_data_side_by_side(default_run: DefaultRun, reference: Reference) -> None:
    """An old and a new form of the same data were both shipped, and drifted apart (wycheproof)."""
    package = Path(bodies.__file__).parent
    versions = [file for file in package.rglob("*") if re.search(r"(_v\d|\.old|\.bak|-v\d)(\.|$)", file.name)]
    assert versions == []
    assert Report.model_json_schema()["properties"]["schema_version"]["const"] == default_run.report.schema_version
    manifest = json.loads((EVIDENCE / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["requirements"]) == {r.requirement for r in default_run.report.results}
    assert {row["level"] for row in manifest["requirements"].values()} <= set(Level)
    assert set(manifest["requirements"]) <= set(reference.requirements)


# --- shared state


def test_live_services_in_the_default_run(process: Command) -> None:
    """The default run shared a live service, so that its trouble was everybody's (sigstore)."""
    dead = "http://127.0.0.1:9"
    env = {"HTTP_PROXY": dead, "HTTPS_PROXY": dead, "ALL_PROXY": dead, "RES_OPTIONS": "attempts:0"}
    done = process("run", "--profile", "auth", env=env)
    assert done.returncode == 0, done.stdout
    assert "cost       nothing" in done.stdout


@pytest.fixture
def nonces(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The nonce of every probe of the test."""
    seen: list[str] = []
    before = Probe.deliver

    def deliver(probe: Probe, request: Request, watch: Watch | None = None, replies: Iterable[Reply] = ()) -> object:
        seen.append(nonce_of(request))
        return before(probe, request, watch, replies)

    monkeypatch.setattr(Probe, "deliver", deliver)
    return seen


def test_a_route_that_is_used_again_by_the_next_test(
    run: Run, nonces: list[str], unusual: Callable[[Change], tuple[str, ...]]
) -> None:
    """Tests that followed each other used one route, and took the answer to the one before for theirs (gateway-api
    #3233)."""
    ended = run(select=("routing.*[groq-*]",), repeat=3)
    assert ended.code is ExitCode.CONFORMANT
    assert len(nonces) > 50
    assert len(nonces) == len(set(nonces))
    late: list[bytes] = []

    def stale(right: Behaviour) -> Behaviour:
        async def body(
            exchange: RoutedExchange, headers: Headers, chunks: AsyncIterator[bytes]
        ) -> AsyncIterator[bytes]:
            now = b"".join([chunk async for chunk in right.response_body(exchange, headers, chunks)])
            late.append(now)
            yield late[-2] if len(late) > 1 else now

        return replace(right, response_body=body)

    stale_run = run(defects=unusual(stale), select=("errors.upstream-error-body-relayed[groq-*]",), workers=1)
    assert stale_run.code is ExitCode.FAILURES
