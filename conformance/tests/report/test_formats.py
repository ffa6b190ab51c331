"""The forms of a report: what each says, that common readers understand it, and that none grows out of hand."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias
from xml.etree import ElementTree as Xml

import pytest
from ampmap_conformance.errors import UsageError
from ampmap_conformance.report.badge import badge_json, badge_svg
from ampmap_conformance.report.exchanges import BODY_LIMIT, report_exchange
from ampmap_conformance.report.github import line, marks, outputs
from ampmap_conformance.report.junit import to_junit
from ampmap_conformance.report.markdown import LONGEST, to_markdown
from ampmap_conformance.report.model import Report
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.report.page import to_html
from ampmap_conformance.report.write import RENDERERS, read_report, write_report
from ampmap_conformance.verdicts import Verdict
from ampmap_conformance.wire.messages import (
    Chunk,
    Exchange,
    Headers,
    Request,
    Response,
    UpstreamAnswer,
    UpstreamRequest,
)
from ampmap_conformance.wire.redaction import Scrubber, SecretBook
from junitparser import Error, Failure, JUnitXml, Skipped
from junitparser.junitparser import Properties, TestCase

Run: TypeAlias = Callable[..., RunOutcome]
Made: TypeAlias = Callable[..., Report]
Process: TypeAlias = "subprocess.Popen[str]"
Command: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]

EACH = {f"auth.each[{verdict.value}]": verdict.value for verdict in Verdict}
"""One case of every verdict."""
NASTY = "<b>&\"'\x00\x1b]]> | `x`\n::error::injected\n| a | <script>alert(1)</script>"
FILES = {"report.json", "report.html", "report.xml", "summary.md", "badge.json", "badge.svg"}


@pytest.fixture(scope="module")
def leaky(run: Run) -> Report:
    """A run in which some cases fail and some pass."""
    select = ("headers.client-credential-replaced", "routing.warm-up")
    return run(defects=("query-key-forwarded",), select=select).report


# --- JUnit


def read_junit(report: Report, folder: Path) -> JUnitXml:
    file = folder / "report.xml"
    file.write_bytes(to_junit(report))
    return JUnitXml.fromfile(str(file))


def test_a_reader_of_junit_sees_every_verdict_as_what_it_is(made_report: Made, tmp_path: Path) -> None:
    report = made_report(EACH, verdict="non-conformant", exit_code=1)
    found = read_junit(report, tmp_path)
    shown = {case.name: [type(part) for part in case.result] for suite in found for case in suite}
    expected: dict[str, list[type]] = {
        **{name: [Failure] for name in ("fail", "flaky", "unexpected-pass")},
        **{name: [Skipped] for name in ("warn", "known-failure", "not-applicable", "not-testable", "blocked")},
        "error": [Error],
        "pass": [],
    }
    assert shown == {f"auth.each[{verdict}]": parts for verdict, parts in expected.items()}
    assert (found.tests, found.failures, found.errors, found.skipped) == (10, 3, 1, 5)


def test_no_verdict_is_lost_in_junit(made_report: Made, tmp_path: Path) -> None:
    report = made_report({**EACH, "headers.b[x]": "pass"}, verdict="non-conformant", exit_code=1)
    found = read_junit(report, tmp_path)
    assert [suite.name for suite in found] == ["auth", "headers"]
    read = {case.name: properties(case)["verdict"] for suite in found for case in suite}
    assert read == {result.id: result.verdict.value for result in report.results}
    for case in (case for suite in found for case in suite):
        assert all(part.type == properties(case)["verdict"] for part in case.result)
        assert case.classname in ("ampmap.auth", "ampmap.headers")
    about = {item.name: item.value for item in next(iter(found)).properties()}
    assert (about["edition"], about["target"], about["verdict"]) == ("amp-1", "staging", "non-conformant")


def properties(case: TestCase) -> dict[str, str]:
    return {item.name: item.value for item in case.child(Properties)}


@pytest.mark.parametrize(
    ("summary", "report", "text"),
    [
        ({"untested": ["auth.b"]}, {}, "no case of auth.b could be tested"),
        ({"interrupted": True, "planned": 9}, {}, "1 of 9 cases were decided"),
        (
            {},
            {
                "baseline": {
                    "file": "b.yaml",
                    "entries": 1,
                    "problems": [{"kind": "expired", "pattern": "x", "place": "b.yaml:1:3", "message": "`x` expired"}],
                }
            },
            "b.yaml:1:3: `x` expired",
        ),
    ],
)
def test_a_red_run_without_a_red_case_is_red_in_junit_as_well(
    made_report: Made, tmp_path: Path, summary: dict[str, Any], report: dict[str, Any], text: str
) -> None:
    found = read_junit(made_report({"auth.a[x]": "pass"}, report=report, **summary), tmp_path)
    assert (found.tests, found.failures) == (2, 1)
    (case,) = [case for suite in found if suite.name == "run" for case in suite]
    assert text in case.result[0].text


def test_a_run_in_which_nothing_ran_is_red_in_junit(made_report: Made, tmp_path: Path) -> None:
    found = read_junit(made_report({"auth.a[x]": "not-testable"}, verdict="incomplete", exit_code=5), tmp_path)
    assert (found.failures, found.skipped) == (1, 1)


def test_a_failure_in_junit_tells_all_of_it(leaky: Report, tmp_path: Path) -> None:
    failing = next(result for result in leaky.results if result.verdict is Verdict.FAIL)
    cases = {case.name: case for suite in read_junit(leaky, tmp_path) for case in suite}
    (failure,) = cases[failing.id].result
    assert failing.reason in failure.message
    for text in (failing.expected, failing.actual, failing.reproduce.command, failing.reproduce.curl, "rule "):
        assert text in failure.text
    assert cases[failing.id].time > 0


def test_what_xml_cannot_hold_is_shown_escaped(made_report: Made, tmp_path: Path) -> None:
    found = read_junit(made_report({"auth.a[x]": "fail"}, results={"actual": NASTY, "reason": NASTY}), tmp_path)
    (case,) = next(iter(found))
    for text in (case.result[0].text, case.result[0].message):
        assert "\\x00\\x1b]]> | `x`" in text
        assert "<script>alert(1)</script>" in text


# --- Markdown, badge, annotations


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]


def test_the_summary_counts_and_names_what_is_wrong(leaky: Report) -> None:
    text = to_markdown(leaky).decode()
    rows = [cells(row) for row in text.splitlines() if row.startswith("|")]
    counts = leaky.summary.counts
    assert rows[0] == ["profile", *(verdict.value for verdict in counts)]
    assert rows[-1] == ["all", *(str(count) for count in counts.values())]
    assert len({len(row) for row in rows}) == 1
    failing = next(result for result in leaky.results if result.verdict is Verdict.FAIL)
    assert f"`{failing.id}`" in text
    assert failing.reproduce.command in text
    assert f"({counts[Verdict.FAIL]} cases)" in text
    assert f"and {counts[Verdict.FAIL] - 3} more" in text


def test_what_a_target_says_does_not_become_part_of_the_summary(made_report: Made) -> None:
    fields = {"actual": NASTY, "expected": "`", "reason": NASTY}
    text = to_markdown(made_report({"auth.a[x]": "fail"}, results=fields)).decode()
    assert "\n| a " not in text
    assert "\n::error" not in text
    outside = re.sub(r"(`+).*?\1", "", text)
    assert "<script>" not in outside.replace("\\<", "")


def test_a_summary_fits_on_a_job_page(made_report: Made) -> None:
    cases = {f"auth.r{number}[{case}]": "fail" for number in range(60) for case in "abcde"}
    text = to_markdown(made_report(cases, results={"actual": "x" * 20_000}))
    assert len(text) <= LONGEST
    short = to_markdown(made_report(cases)).decode()
    assert "30 more requirements" in short
    assert "and 2 more" in short


@pytest.mark.parametrize(
    ("verdicts", "summary", "message", "colour"),
    [
        (("pass", "pass", "known-failure"), {}, "2 of 3 pass", "brightgreen"),
        (("pass", "fail", "flaky"), {"verdict": "non-conformant", "exit_code": 1}, "2 of 3 fail", "red"),
        (("pass", "unexpected-pass"), {"verdict": "non-conformant", "exit_code": 7}, "stale baseline", "red"),
        (("pass", "not-testable"), {"verdict": "incomplete", "exit_code": 5}, "incomplete", "yellow"),
        (("pass", "error"), {"verdict": "error", "exit_code": 3}, "error", "lightgrey"),
    ],
)
def test_a_badge_says_what_the_run_came_to(
    made_report: Made, verdicts: tuple[str, ...], summary: dict[str, Any], message: str, colour: str
) -> None:
    report = made_report({f"auth.a[{n}]": verdict for n, verdict in enumerate(verdicts)}, **summary)
    badge = json.loads(badge_json(report))
    assert badge == {
        "schemaVersion": 1,
        "label": "amp conformance",
        "message": message,
        "color": colour,
        "isError": colour == "lightgrey",
    }
    root = Xml.fromstring(badge_svg(report))  # noqa: S314 - made here
    texts = [item.text for item in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["amp conformance", message]


def test_annotations_bring_each_requirement_before_the_second_of_any(made_report: Made) -> None:
    cases = {"auth.a[1]": "fail", "auth.a[2]": "fail", "auth.b[1]": "flaky", "auth.c[1]": "pass", "auth.d[1]": "warn"}
    lines = list(marks(made_report(cases, verdict="non-conformant", exit_code=1)))
    assert [text.partition("::rule")[0] for text in lines] == [
        "::error title=fail%3A auth.a[1]",
        "::error title=flaky%3A auth.b[1]",
        "::error title=fail%3A auth.a[2]",
        "::warning title=warn%3A auth.d[1]",
    ]
    assert "%0Aagain: ampmap-conformance run --select 'auth.a[1]'" in lines[0]


def test_an_annotation_is_one_line_whatever_it_says() -> None:
    assert line("error", "a,b:c%", "x\r\ny%", file="b.yaml") == "::error title=a%2Cb%3Ac%25,file=b.yaml::x%0D%0Ay%25"


def test_what_does_not_score_is_red_in_no_form(made_report: Made, tmp_path: Path) -> None:
    report = made_report({"auth.a[x]": "fail"}, results={"scored": False})
    assert read_junit(report, tmp_path).failures == 0
    assert [text.partition(" ")[0] for text in marks(report)] == ["::warning"]
    assert "### Failures" not in to_markdown(report).decode()


def test_outputs_are_lines_of_name_and_value(leaky: Report) -> None:
    found = dict(text.split("=", 1) for text in outputs(leaky, Path("out/report.json")).splitlines())
    assert found["verdict"] == "non-conformant"
    assert json.loads(found["counts"]) == {v.value: n for v, n in leaky.summary.counts.items()}
    assert (found["exit-code"], found["report"]) == ("1", "out/report.json")


# --- files


def test_a_run_leaves_every_form_also_when_it_is_interrupted(begin: Callable[..., Process], tmp_path: Path) -> None:
    process = begin("run", "--workers", "1", "--profile", "headers")
    assert process.stdout is not None
    for text in process.stdout:
        if text.startswith("checks"):
            process.send_signal(signal.SIGINT)
            break
    process.communicate(timeout=60)
    folder = tmp_path / "ampmap-report"
    assert process.returncode == 2
    assert {file.name for file in folder.iterdir()} == FILES == set(RENDERERS)
    report = read_report(folder / "report.json")
    assert report.summary.interrupted
    assert len(report.results) < report.summary.planned
    assert "interrupted" in (folder / "report.html").read_text(encoding="utf-8")
    assert "incomplete" in (folder / "summary.md").read_text(encoding="utf-8")
    assert JUnitXml.fromfile(str(folder / "report.xml")).failures == 1
    assert json.loads((folder / "badge.json").read_text(encoding="utf-8"))["message"] == "incomplete"


@pytest.mark.parametrize(
    ("form", "file"),
    [
        ("html", "report.html"),
        ("junit", "report.xml"),
        ("markdown", "summary.md"),
        ("badge", "badge.json"),
        ("badge-svg", "badge.svg"),
    ],
)
def test_a_report_is_rendered_again_as_the_run_did(
    command: Command, leaky: Report, tmp_path: Path, form: str, file: str
) -> None:
    write_report(leaky, tmp_path)
    words = ("report", "render", "report.json", "--format", form)
    printed, written = command(*words), command(*words, "--out", "made")
    assert (printed.returncode, written.returncode, written.stdout) == (0, 0, "")
    assert printed.stdout == (tmp_path / file).read_text(encoding="utf-8")
    assert (tmp_path / "made").read_bytes() == (tmp_path / file).read_bytes()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda text: text.replace('"schema_version": 1', '"schema_version": 2'),
            ": a report of schema version 2; this",
        ),
        (lambda text: text[:200], ":{lines}:{columns}: this is not a report: "),
        (
            lambda text: text.replace('"verdict": "pass"', '"verdict": "fine"', 1),
            ":{line}:{column}: this is not a report of",
        ),
        (lambda _: "[]", ":1:1: this is not a report of this kit: `the whole`: "),
        (lambda _: '{"kit": {}}', ":1:9: this is not a report of this kit: `kit.version`: Field required"),
        (lambda _: "\udcff", ": the file is not UTF-8 text"),
    ],
)
def test_a_broken_report_is_told_in_one_line_with_its_place(
    leaky: Report, tmp_path: Path, change: Callable[[str], str], says: str
) -> None:
    (file, *_) = write_report(leaky, tmp_path)
    text = change(file.read_text(encoding="utf-8"))
    file.write_text(text, encoding="utf-8", errors="surrogateescape")
    wrong = next((n for n, row in enumerate(text.splitlines(), 1) if '"fine"' in row), 0)
    places = {
        "lines": text.count("\n") + 1,
        "columns": len(text.rpartition("\n")[2]) + 1,
        "line": wrong,
        "column": text.splitlines()[wrong - 1].find('"fine"') + 1 if text else 0,
    }
    with pytest.raises(UsageError) as caught:
        read_report(file)
    assert str(caught.value).startswith(f"{file}{says.format(**places)}")
    assert "\n" not in str(caught.value)


def test_exchanges_of_passing_cases_are_kept_on_demand_only(run: Run) -> None:
    select = ("routing.body-kept[groq-*]",)
    plain = run(select=select).report
    traced = run(select=select, trace=("routing.body-kept[*-stream]",)).report
    assert not any(result.exchanges for result in plain.results)
    assert {bool(result.exchanges) for result in traced.results if not result.case.endswith("stream")} == {False}
    kept = [result.exchanges[0] for result in traced.results if result.case.endswith("stream")]
    assert kept
    assert all("Say hi" in exchange.request.body for exchange in kept)
    assert all(exchange.upstream[0].response is not None for exchange in kept)


def test_a_trace_of_nothing_is_a_slip(command: Command) -> None:
    done = command("run", "--trace", "routing.body-kep")
    assert done.returncode == 4
    assert "--trace: `routing.body-kep` matches no case; did you mean `routing.body-kept`?" in done.stderr


def test_the_times_of_both_hops_are_in_order(leaky: Report) -> None:
    exchanges = [exchange for result in leaky.results for exchange in result.exchanges if exchange.upstream]
    assert exchanges
    for exchange in exchanges:
        upstream, answer = exchange.upstream[0].request.at_ms, exchange.response.at_ms
        assert upstream is not None
        assert answer is not None
        assert 0 <= upstream <= answer <= exchange.ended_ms


def test_a_report_holds_the_beginning_of_a_long_body_and_the_text_of_a_packed_one() -> None:
    import gzip

    packed = gzip.compress(b"hello, my-secret-value-of-old")
    exchange = Exchange(
        Request("POST", "/x", Headers(), b"a" * 100_000 + "é".encode() * 10),
        Response(200, Headers(), (Chunk(0.002, packed),), 0.003, head_at=0.002),
        (UpstreamRequest("groq", "POST", "/x", Headers(), b"\xff" * 20_000, b"", 1, 10.001),),
        answers=(UpstreamAnswer(200, Headers(), b"ok"),),
        begun=10.0,
    )
    found = report_exchange(exchange, Scrubber(SecretBook("my-secret-value-of-old")))
    assert (len(found.request.body), found.request.left_out) == (BODY_LIMIT, 100_020 - BODY_LIMIT)
    assert (found.response.encoding, found.response.body) == ("gzip", "hello, my-***ld")
    assert (found.upstream[0].request.encoding, found.upstream[0].request.left_out) == ("base64", 20_000 - BODY_LIMIT)
    assert (found.upstream[0].request.at_ms, found.response.at_ms, found.ended_ms) == (1.0, 2.0, 3.0)


def test_reports_stay_small(leaky: Report, made_report: Made) -> None:
    sizes = Counter({name: len(render(leaky)) for name, render in RENDERERS.items()})
    failing = leaky.summary.counts[Verdict.FAIL]
    assert sizes["report.html"] < 20_000 + failing * 10_000
    assert sizes["report.json"] < 10_000 + len(leaky.results) * 1_000 + failing * 9_000
    many = made_report({f"auth.a{n // 50}[groq-chat.completions-{n}]": "pass" for n in range(1000)})
    assert len(to_html(many)) < 300_000
