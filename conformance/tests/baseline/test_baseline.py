"""The baseline: what it excuses, what makes it red, and how it is kept."""

from __future__ import annotations

import datetime
import itertools
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from ampmap_conformance.baseline.file import Entry, load, to_yaml
from ampmap_conformance.baseline.minimise import few_patterns
from ampmap_conformance.baseline.update import Template, updated
from ampmap_conformance.cases.selection import Pattern
from ampmap_conformance.errors import UsageError
from ampmap_conformance.report.model import Report
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.verdicts import ExitCode, Verdict
from hypothesis import given, settings
from hypothesis import strategies as st

Run: TypeAlias = Callable[..., RunOutcome]
Command: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]
Pair: TypeAlias = tuple[str, str]

TODAY = datetime.date(2026, 11, 21)
BROKEN = {
    "defects": ("query-key-forwarded",),
    "select": ("headers.client-credential-replaced", "auth.missing-credential-rejected[groq-*]"),
}
"""A run in which some cases of a requirement fail, some pass, and those of another all pass."""


def entry(pattern: str, **more: str) -> str:
    lines = {"pattern": pattern, "reason": "keys in the query are kept", **more}
    return "- " + "\n  ".join(f"{key}: '{value}'" for key, value in lines.items()) + "\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "baseline.yaml"


@pytest.fixture(scope="module")
def broken(run: Run) -> RunOutcome:
    return run(**BROKEN)


@pytest.fixture(scope="module")
def whole(broken: RunOutcome) -> str:
    """A baseline that fits the broken run."""
    template = Template(reason="keys in the query are kept")
    return to_yaml(updated(broken.report, (), template).entries)


def verdicts(report: Report) -> dict[str, str]:
    return {result.id: result.verdict.value for result in report.results}


def test_a_known_failure_is_put_up_with_and_told(run: Run, broken: RunOutcome, whole: str, file: Path) -> None:
    file.write_text(whole, encoding="utf-8")
    known = run(**BROKEN, baseline=file, today=TODAY)

    assert (int(broken.code), int(known.code)) == (1, 0)
    before, after = verdicts(broken.report), verdicts(known.report)
    assert {name for name, verdict in before.items() if verdict == "fail"} == {
        name for name, verdict in after.items() if verdict == "known-failure"
    }
    assert {name for name, verdict in before.items() if verdict == "pass"} == {
        name for name, verdict in after.items() if verdict == "pass"
    }
    excused = next(result for result in known.report.results if result.verdict is Verdict.KNOWN_FAILURE)
    assert excused.known is not None
    assert excused.known.reason == "keys in the query are kept"
    assert excused.reason
    assert excused.exchanges


@pytest.mark.parametrize(
    ("text", "code", "kinds", "says"),
    [
        pytest.param("", 0, (), "", id="expires on the day itself"),
        pytest.param(
            entry("auth.missing-credential-rejected"), 7, ("stale",), "is stale: what it names passes", id="stale"
        ),
        pytest.param(
            entry("auth.missing-credential-rejectd"),
            7,
            ("unknown",),
            "did you mean `auth.missing-credential-rejected`?",
            id="misspelt",
        ),
        pytest.param(
            entry("auth.missing-credential-rejected[grok-chat.completions]"),
            7,
            ("unknown",),
            "matches no case; did you mean `groq-chat.completions`?",
            id="misspelt case",
        ),
        pytest.param(entry("routing.*"), 0, (), "", id="of a part that is not run"),
    ],
)
def test_an_entry_that_excuses_nothing_is_red(
    run: Run, whole: str, file: Path, text: str, code: int, kinds: tuple[str, ...], says: str
) -> None:
    file.write_text(whole.replace("  reason", f"  expires: {TODAY}\n  reason") + text, encoding="utf-8")
    ended = run(**BROKEN, baseline=file, today=TODAY)
    assert int(ended.code) == code
    assert ended.report.baseline is not None
    problems = ended.report.baseline.problems
    assert tuple(problem.kind for problem in problems) == kinds
    assert all(says in problem.message for problem in problems)
    last = len(file.read_text(encoding="utf-8").splitlines()) - 1
    assert all(problem.place == f"{file}:{last}:3" for problem in problems)


def test_an_expired_entry_is_red_and_names_whom_to_ask(run: Run, whole: str, file: Path) -> None:
    more = (
        f"  expires: {TODAY - datetime.timedelta(days=1)}\n  owner: payments\n  issue: https://example.com/7\n  reason"
    )
    file.write_text(whole.replace("  reason", more), encoding="utf-8")
    ended = run(**BROKEN, baseline=file, today=TODAY)
    assert int(ended.code) == 7
    assert ended.report.baseline is not None
    assert {problem.kind for problem in ended.report.baseline.problems} == {"expired"}
    assert (
        "expired on 2026-11-20, owner payments, issue https://example.com/7"
        in ended.report.baseline.problems[0].message
    )


def test_an_entry_that_covers_too_much_hides_nothing(run: Run, file: Path) -> None:
    file.write_text(entry("headers.client-credential-replaced"), encoding="utf-8")
    ended = run(**BROKEN, baseline=file)
    assert int(ended.code) == 7
    found = {v for name, v in verdicts(ended.report).items() if name.startswith("headers.")}
    assert found == {"unexpected-pass", "known-failure"}


def test_what_a_known_failure_keeps_from_being_tested_leaves_no_run_incomplete(run: Run, file: Path) -> None:
    """Every case of these rules waits for a stream that is relayed right."""
    select = ("streaming.big", "streaming.client-gone", "routing.warm-up")
    asked: dict[str, Any] = {"defects": ("terminator-dropped",), "select": select}
    before = run(**asked).report
    failing = next(result.blocked_by for result in before.results if result.blocked_by is not None)
    file.write_text(entry(failing.partition("[")[0] + "[*]"), encoding="utf-8")
    known = run(**asked, baseline=file, today=TODAY)

    assert "pass" not in {r.verdict.value for r in known.report.results if r.requirement.startswith("streaming.")}
    assert (known.code, known.missing) == (ExitCode.CONFORMANT, ())


def test_a_failure_beyond_the_baseline_fails(run: Run, broken: RunOutcome, file: Path) -> None:
    failing = next(result.id for result in broken.report.results if result.verdict is Verdict.FAIL)
    file.write_text(entry(failing), encoding="utf-8")
    ended = run(**BROKEN, baseline=file)
    assert int(ended.code) == 1
    assert {"fail", "known-failure"} <= set(verdicts(ended.report).values())


def test_a_known_failure_does_not_stop_a_run_that_stops_at_the_first(run: Run, whole: str, file: Path) -> None:
    file.write_text(whole, encoding="utf-8")
    ended = run(**BROKEN, baseline=file, fail_fast=True)
    assert int(ended.code) == 0
    assert len(ended.report.results) == ended.report.summary.planned


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("pattern: x\n", ":1:1: expected a list of entries"),
        ("- auth.*\n", ":1:3: expected a mapping with `pattern` and `reason`"),
        ("- {pattern: a.b}\n", ":1:3: the key `reason` is missing"),
        ("- {reason: x}\n", ":1:3: the key `pattern` is missing"),
        ("- {pattern: a.b, reason: ''}\n", ":1:26: `reason`: "),
        (
            "- pattern: a.b\n  reason: x\n  expire: 2026-01-01\n",
            ":3:3: unknown key `expire`; did you mean `expires`?",
        ),
        (
            "- pattern: a.b\n  reason: x\n  expires: soon\n",
            ":3:12: `expires`: `soon` is not a valid date; expected YYYY-MM-DD",
        ),
        ("- pattern: a.b\n  reason: x\n  expires: 2026-02-30\n", ":3:12: `expires`: "),
        (
            "- pattern: a.b[x\n  reason: x\n",
            ":1:12: `pattern`: `a.b[x` is not a valid pattern; expected `REQUIREMENT` or `REQUIREMENT[CASE]`",
        ),
        ("- pattern: a.b\n  reason: x\n- pattern: a.b\n  reason: y\n", ":3:12: duplicate entry for `a.b`; remove one"),
        ("- pattern: *\n", ":1:13: "),
    ],
)
def test_a_bad_file_is_told_with_its_place(file: Path, text: str, says: str) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load(file)
    assert str(caught.value).startswith(f"{file}{says}")


def test_all_faults_of_a_file_are_told_at_once_and_nothing_is_sent(command: Command, file: Path) -> None:
    file.write_text("- {reason: x}\n- {pattern: a.b}\n", encoding="utf-8")
    done = command("run", "--baseline", "baseline.yaml", "--base-url", "http://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.splitlines() == [
        "baseline.yaml:1:3: the key `pattern` is missing",
        "baseline.yaml:2:3: the key `reason` is missing",
    ]


def test_update_makes_a_baseline_by_which_the_run_is_green(command: Command, file: Path) -> None:
    words = ("run", "--select", "headers.client-credential-replaced")
    broken = (*words, "--defect", "query-key-forwarded")
    updating = ("baseline", "update", "--report", "ampmap-report/report.json", "--out", "baseline.yaml")
    given = ("--owner", "payments", "--issue", "https://example.com/7", "--expires", "2099-01-31")

    assert command(*broken).returncode == 1
    made = command(*updating, *given)
    assert made.returncode == 0, made.stderr
    assert "baseline.yaml: 1 entries for " in made.stdout
    assert "to the new entries" not in made.stdout
    assert load(file).entries[0].expires == datetime.date(2099, 1, 31)
    assert command(*broken, "--baseline", "baseline.yaml", "--today", "2099-01-31").returncode == 0

    again = command(*updating)
    assert "new:" not in again.stdout
    assert load(file).entries[0].owner == "payments"

    later = command(*broken, "--baseline", "baseline.yaml", "--today", "2099-02-01")
    assert later.returncode == 7
    assert "expired on 2099-01-31, owner payments" in later.stdout

    fixed = command(*words, "--baseline", "baseline.yaml")
    assert fixed.returncode == 7
    assert "\nUNEXPECTED-PASS " in fixed.stdout
    assert "--select 'headers.client-credential-replaced[" in fixed.stdout
    assert "is stale" in fixed.stdout

    cleared = command(*updating)
    assert "gone: " in cleared.stdout
    assert load(file).entries == ()
    assert not [path.name for path in file.parent.iterdir() if path.name.startswith(".")]


def test_every_new_entry_has_the_reasons_of_its_own_cases_and_its_dates_written_out(
    made_report: Callable[..., Report], file: Path
) -> None:
    report = made_report({"auth.a[x]": "fail", "headers.b[y]": "fail", "headers.c[y]": "pass", "auth.b-c[x]": "pass"})
    said = {"auth.a": "let in", "headers.b": "the key goes to the upstream"}
    results = [result.model_copy(update={"reason": said.get(result.requirement, "")}) for result in report.results]
    made = updated(report.model_copy(update={"results": tuple(results)}), (), Template(expires=TODAY))

    file.write_text(to_yaml(made.entries), encoding="utf-8")
    assert [(entry.reason, entry.expires) for entry in load(file).entries] == [(why, TODAY) for why in said.values()]


def test_update_leaves_a_file_that_fits_as_it_is(command: Command, file: Path, broken: RunOutcome, whole: str) -> None:
    from ampmap_conformance.report.write import write_report

    write_report(broken.report, file.parent)
    file.write_text(f"# by hand\n{whole}", encoding="utf-8")
    done = command("baseline", "update", "--report", "report.json", "--out", "baseline.yaml")
    assert done.returncode == 0, done.stderr
    assert file.read_text(encoding="utf-8") == f"# by hand\n{whole}"


# --- properties

WORDS = ("openai", "groq", "chat", "stream")
REQUIREMENTS = ("auth.a", "auth.b-c", "headers.a")
CASES = (*("-".join(words) for words in itertools.product(WORDS[:2], WORDS[2:])), "openai", "groq")
PAIRS = tuple(itertools.product(REQUIREMENTS, CASES))
PATTERNS = (
    "*",
    "auth.*",
    "headers.a",
    "auth.b-*[groq*]",
    "*[*-stream]",
    "auth.a[openai-chat]",
    "headers.*[*-chat]",
    "auth.a[groq]",
    "nothing.here",
)
METADATA = tuple(
    {"reason": reason, "owner": owner, "expires": expires}
    for reason, owner, expires in (("slow", None, None), ("wrong", "payments", TODAY), ("odd", "core", None))
)


def matched(patterns: tuple[str, ...], pairs: tuple[Pair, ...]) -> set[Pair]:
    return {pair for pair in pairs if any(Pattern(text).matches(*pair) for text in patterns)}


@given(st.sets(st.sampled_from(PAIRS), min_size=1))
@settings(max_examples=60, deadline=None)
def test_patterns_cover_the_failing_cases_and_nothing_else(failing: set[Pair]) -> None:
    assert matched(few_patterns(failing, failing, PAIRS), PAIRS) == failing


SMALL = tuple(itertools.product(("a.x", "b.y"), ("p-q", "p-r", "s-q")))


@given(st.sets(st.sampled_from(SMALL), min_size=1))
@settings(max_examples=40, deadline=None)
def test_hardly_a_smaller_set_of_patterns_would_do(failing: set[Pair]) -> None:
    rows = ("a.x", "b.y", "a.*", "b.*", "*")
    cells = ("", "[p-q]", "[p-r]", "[s-q]", "[p*]", "[s*]", "[*-q]", "[*-r]")
    exact = {
        frozenset(found): row + cell
        for row in rows
        for cell in cells
        if (found := matched((row + cell,), SMALL)) and found <= failing
    }
    least = next(
        size
        for size in range(1, len(failing) + 1)
        for some in itertools.combinations(exact, size)
        if frozenset().union(*some) == failing
    )
    assert len(few_patterns(failing, failing, SMALL)) <= least + 1


@given(
    st.dictionaries(st.sampled_from(PAIRS), st.sampled_from(tuple(Verdict)), min_size=1),
    st.lists(
        st.tuples(st.sampled_from(PATTERNS), st.sampled_from(METADATA)), unique_by=lambda pair: pair[0], max_size=4
    ),
)
@settings(max_examples=150, deadline=None)
def test_after_an_update_every_failing_case_is_known_and_no_passing_one(
    made_report: Callable[..., Report], cases: dict[Pair, Verdict], given_entries: list[tuple[str, dict[str, object]]]
) -> None:
    report = made_report({f"{requirement}[{case}]": verdict for (requirement, case), verdict in cases.items()})
    old = tuple(Entry.model_construct(pattern=text, issue=None, **data) for text, data in given_entries)
    template = Template()

    made = updated(report, old, template)

    failing = {
        pair for pair, verdict in cases.items() if verdict in (Verdict.FAIL, Verdict.FLAKY, Verdict.KNOWN_FAILURE)
    }
    passing = {pair for pair, verdict in cases.items() if verdict in (Verdict.PASS, Verdict.UNEXPECTED_PASS)}
    reasons = {(result.requirement, result.case): result.reason for result in report.results}
    covered = matched(tuple(entry.pattern for entry in made.entries), tuple(cases))
    assert failing <= covered
    assert not passing & covered
    assert len({entry.pattern for entry in made.entries}) == len(made.entries)
    for pair in failing:
        before = next((entry for entry in old if entry.matches(*pair)), None)
        after = next(entry for entry in made.entries if entry.matches(*pair))
        if before is not None:
            assert (after.reason, after.owner, after.expires) == (before.reason, before.owner, before.expires)
        else:
            assert after in made.new
            assert reasons[pair] in after.reason
    assert updated(report, made.entries, template).entries == made.entries
