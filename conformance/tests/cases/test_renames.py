"""Requirements that have another id than before: what users wrote with the earlier one still means them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from ampmap_conformance.baseline.file import Entry, load, to_yaml
from ampmap_conformance.baseline.update import Template, updated
from ampmap_conformance.cases.renames import Renames
from ampmap_conformance.cases.selection import Pattern, parse
from ampmap_conformance.cli.show import embedded_description
from ampmap_conformance.engine.plan import make_plan, narrow
from ampmap_conformance.errors import UsageError
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.releases import Release
from ampmap_conformance.report.diff import difference
from ampmap_conformance.report.model import Report
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.report.write import write_report
from ampmap_conformance.resolver.vectors import load as auth_vectors
from ampmap_conformance.resolver.vectors import select_vectors as narrowed_vectors

Run: TypeAlias = Callable[..., RunOutcome]
Made: TypeAlias = Callable[..., Report]
Done: TypeAlias = "subprocess.CompletedProcess[str]"
Command: TypeAlias = Callable[..., Done]

OLD, NEW = "security.no-weaker-door", "security.equal-auth-on-all-routes"
TOLD = f"`{OLD}` is now `{NEW}`"
BREAKS_IT = "head-open"
"""A defect that the rule notices."""
RENAMES = Renames({"a.old": "a.new", "a.older": "a.new", "a.old-too": "a.newer"})
PAIRS = (("a.new", "x"), ("a.new", "y"), ("a.newer", "x"), ("a.other", "x"))


@pytest.mark.parametrize(
    ("pattern", "cases", "told"),
    [
        ("a.old", PAIRS[:2], ("a.old",)),
        ("a.older[x]", PAIRS[:1], ("a.older",)),
        ("a.old*", PAIRS[:3], ("a.old", "a.old-too", "a.older")),
        ("*.old*[x]", (PAIRS[0], PAIRS[2]), ("a.old", "a.old-too", "a.older")),
        ("a.new", PAIRS[:2], ()),
        ("a.*", PAIRS, ()),
        ("a.o*", PAIRS, ("a.old", "a.old-too", "a.older")),
    ],
)
def test_a_pattern_means_rules_by_every_id_that_they_have_had(
    pattern: str, cases: tuple[tuple[str, str], ...], told: tuple[str, ...]
) -> None:
    (parsed,) = parse([pattern], PAIRS, "--select", RENAMES)
    ids = {name for name, _ in PAIRS}
    present = [Pattern(text) for text in parsed.present(ids)]

    assert tuple(pair for pair in PAIRS if parsed.matches(*pair)) == cases
    assert tuple(pair for pair in PAIRS if any(one.matches(*pair) for one in present)) == cases
    assert tuple(sorted(parsed.formers)) == told


def test_an_id_that_no_rule_ever_had_is_refused() -> None:
    with pytest.raises(UsageError, match="matches no case"):
        parse(["a.oldest"], PAIRS, "--select", RENAMES)


def test_every_earlier_id_selects_its_rule(reference: Reference) -> None:
    plan = make_plan(embedded_description(reference))
    formers = Renames.of(reference.requirements).now

    assert OLD in formers
    for former, present in formers.items():
        selected = narrow(plan, select=[former]).selected
        assert {task.row.id for task in selected} == {present}, former


def test_a_run_goes_by_earlier_ids_and_says_so(run: Run) -> None:
    ended = run(select=(f"{OLD}*",), skip=("security.no-weaker-door-to-models",), trace=(OLD,))

    assert {result.requirement for result in ended.report.results} == {NEW}
    assert all(result.exchanges for result in ended.report.results)
    assert [(notice.kind, notice.text) for notice in ended.report.notices] == [
        ("renamed", TOLD),
        ("renamed", "`security.no-weaker-door-to-models` is now `security.equal-auth-on-all-model-routes`"),
    ]
    assert ended.report.rules[NEW].formerly == (OLD,)


def test_present_ids_cause_no_notice(run: Run) -> None:
    assert run(select=(NEW,)).report.notices == ()


@pytest.mark.parametrize(
    ("words", "stdout"),
    [
        (("explain", OLD), f"{NEW}   must"),
        (("run", "--dry-run", "--select", OLD), NEW),
    ],
)
def test_commands_that_only_print_take_an_earlier_id_and_say_so(
    command: Command, words: tuple[str, ...], stdout: str
) -> None:
    done = command(*words)

    assert (done.returncode, done.stderr) == (0, f"notice: {TOLD}\n")
    assert stdout in done.stdout


def test_plain_pytest_runs_a_renamed_rule(python: Command) -> None:
    plain = ("-m", "pytest", "-p", "ampmap_conformance.run.items", "-p", "no:cacheprovider", "-W", "error")
    suite = ("--pyargs", "ampmap_conformance.suite.test_security_messages", "-rA", "-k", "equal-auth-on-all-routes")

    done = python(*plain, *suite, env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})

    assert done.returncode == 0, done.stdout
    assert f"::{NEW}[" in done.stdout
    assert " passed" in done.stdout


# --- baselines


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    file = tmp_path / "baseline.yaml"
    file.write_text(f"- pattern: {OLD}\n  reason: HEAD is open to us\n  owner: payments\n", encoding="utf-8")
    return file


def test_an_entry_with_an_earlier_id_excuses_its_rule(run: Run, baseline: Path) -> None:
    known = run(select=(NEW,), defects=(BREAKS_IT,), baseline=baseline)

    assert int(known.code) == 0
    assert {result.verdict.value for result in known.report.results} == {"known-failure"}
    assert known.report.baseline is not None
    assert known.report.baseline.problems == ()
    assert [notice.text for notice in known.report.notices] == [TOLD]


def test_an_entry_with_an_earlier_id_is_stale_where_its_rule_holds(run: Run, baseline: Path) -> None:
    ended = run(select=(NEW,), baseline=baseline)

    assert int(ended.code) == 7
    assert ended.report.baseline is not None
    assert [problem.kind for problem in ended.report.baseline.problems] == ["stale"]


def test_an_update_writes_the_present_id_and_keeps_the_reason(
    run: Run, command: Command, baseline: Path, tmp_path: Path
) -> None:
    write_report(run(select=(NEW,), defects=(BREAKS_IT,), baseline=baseline).report, tmp_path / "made")

    done = command("baseline", "update", "--report", "made/report.json", "--out", "baseline.yaml")

    assert done.returncode == 0, done.stderr
    assert f"  renamed: {TOLD}\n" in done.stdout
    assert "gone:" not in done.stdout
    (entry,) = load(baseline).entries
    assert (entry.pattern, entry.reason, entry.owner) == (NEW, "HEAD is open to us", "payments")
    assert (
        "renamed:" not in command("baseline", "update", "--report", "made/report.json", "--out", "baseline.yaml").stdout
    )


def renamed_report(made_report: Made, verdicts: dict[str, str]) -> Report:
    """A report whose rules `a.new` and `a.newer` had other ids before."""
    report = made_report(verdicts)
    formers = {"a.new": ("a.old", "a.older"), "a.newer": ("a.old-too",)}
    rules = {name: rule.model_copy(update={"formerly": formers.get(name, ())}) for name, rule in report.rules.items()}
    return report.model_copy(update={"rules": rules})


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (("a.old",), ["a.new"]),
        (("a.old*",), ["a.new", "a.newer[x]"]),
        (("a.old[x]", "a.older[y]"), ["a.new"]),
        (("a.old-too[x]", "a.newer[x]", "a.new"), ["a.newer[x]", "a.new"]),
    ],
)
def test_patterns_of_earlier_ids_become_patterns_of_present_ones(
    made_report: Made, patterns: tuple[str, ...], expected: list[str]
) -> None:
    failing = {"a.new[x]": "known-failure", "a.new[y]": "known-failure", "a.newer[x]": "known-failure"}
    if len(expected) == 1:
        failing["a.newer[x]"] = "pass"
    report = renamed_report(made_report, {**failing, "a.newer[z]": "pass", "a.other[x]": "pass"})
    old = tuple(Entry(pattern=text, reason="old") for text in patterns)

    made = updated(report, old, Template())

    assert [entry.pattern for entry in made.entries] == expected
    assert {entry.reason for entry in made.entries} == {"old"}
    assert (made.new, made.removed, made.unjudged) == ((), (), ())
    assert updated(report, made.entries, Template(reason="new")).entries == made.entries


def test_an_entry_of_a_rule_that_was_not_judged_gets_the_present_id(made_report: Made) -> None:
    report = renamed_report(made_report, {"a.new[x]": "not-testable"})

    made = updated(report, [Entry(pattern="a.old[x]", reason="old")], Template(reason="new"))

    assert to_yaml(made.entries) == to_yaml([Entry(pattern="a.new[x]", reason="old")])
    assert made.unjudged == made.entries


# --- reports


def test_a_renamed_rule_is_compared_with_its_earlier_self(made_report: Made) -> None:
    old = made_report({"a.old[x]": "pass", "a.old[y]": "pass", "a.old-too[x]": "fail", "a.gone[x]": "pass"})
    new = renamed_report(made_report, {"a.new[x]": "pass", "a.new[y]": "fail", "a.newer[x]": "pass"})

    forth, back = difference(old, new), difference(new, old)

    assert [change.id for change in forth.regressions] == ["a.new[y]"]
    assert [change.id for change in forth.fixes] == ["a.newer[x]"]
    assert (forth.new, [change.id for change in forth.gone]) == ((), ["a.gone[x]"])
    assert forth.notes == ("`a.old` is now `a.new`", "`a.old-too` is now `a.newer`")
    assert [change.id for change in back.regressions] == ["a.newer[x]"]
    assert [change.id for change in back.fixes] == ["a.new[y]"]
    assert [change.id for change in back.new] == ["a.gone[x]"]


def test_a_rename_is_no_regression(command: Command, run: Run, tmp_path: Path) -> None:
    report = run(select=(NEW,)).report
    write_report(report, tmp_path / "new")
    data = json.loads((tmp_path / "new" / "report.json").read_text(encoding="utf-8").replace(NEW, OLD))
    del data["rules"][OLD]["formerly"]  # as a kit wrote it that knew of no earlier ids
    (tmp_path / "old.json").write_text(json.dumps(data), encoding="utf-8")

    done = command("report", "diff", "old.json", "new/report.json")

    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("\n0 regressions, 0 fixes, 0 changed, 0 new, 0 gone\n")
    assert f"note  {TOLD}\n" in done.stdout


# --- releases and resolvers


def test_a_release_scores_a_rule_that_it_knows_by_an_earlier_id(reference: Reference) -> None:
    row = reference.requirements[NEW]

    assert Release(status="released", requirements=(OLD,)).scores(row)
    assert not Release(status="released", requirements=("auth.accepts-credential",)).scores(row)
    assert not Release(status="draft", trial=(OLD,)).scores(row)
    assert Release(status="draft").scores(row)


def test_vectors_of_a_resolver_are_selected_by_earlier_ids() -> None:
    vectors = auth_vectors().vectors
    name = vectors[0].requirement
    renames = Renames({"auth-modes.old": name})

    assert {vector.requirement for vector in narrowed_vectors(vectors, renames, select=["auth-modes.old"])} == {name}
    assert name not in {v.requirement for v in narrowed_vectors(vectors, renames, skip=["auth-modes.old"])}
