"""What the editions, one after the other, make of a name."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from ampmap_generator.cli import main
from ampmap_generator.query.timeline import timeline
from ampmap_generator.vendored.reference import Reference
from ampmap_generator.vendored.routing import route
from click.testing import CliRunner


def test_editions_that_send_a_name_to_one_place_are_one_period(editions: Mapping[str, Reference]) -> None:
    found = timeline(editions.values(), lambda reference: route("kimi-k2", reference=reference))

    told = [(period.months, period.in_words) for period in found][:3]
    assert told == [
        (
            "2025-10",
            "moonshotai/kimi-k2-instruct-0905 at https://openrouter.ai/api/v1/chat/completions, past the proxy",
        ),
        ("2026-01", "moonshotai/kimi-k2-instruct-0905 at https://ampcode.com/api/provider/groq/chat/completions"),
        (found[2].months, "kimi-k2-instruct-0905 at https://ampcode.com/api/provider/kimi/chat/completions"),
    ]
    assert [period.first.id for period in found] == sorted(period.first.id for period in found)


@pytest.mark.parametrize("name", ["deep", "claude-opus-4-7"])
def test_a_name_of_later_editions_is_answered_by_the_newest_that_knows_it(name: str) -> None:
    result = CliRunner().invoke(main, ["route", name])

    assert result.exit_code == 0
    assert f"amp-0.0.1760587291, built 2025-10-16, does not know '{name}'; amp-0.0.1777897475 does" in result.stderr
    assert result.stdout.count("not known") == 1
    assert "provider    " in result.stdout


def test_an_edition_that_is_asked_for_alone_answers_for_itself() -> None:
    chosen = CliRunner().invoke(main, ["route", "smart", "--edition", "2026-03-30"]).stdout
    every = CliRunner().invoke(main, ["route", "smart", "--edition", "all"]).stdout

    assert "claude-opus-4-6" in chosen
    assert "2026-05" not in chosen
    assert every.splitlines()[0].startswith("2025-10")
    assert "provider  " not in every


def test_a_name_that_an_edition_has_twice_is_told_with_both() -> None:
    every = CliRunner().invoke(main, ["route", "Kimi K2.5", "--edition", "all"]).stdout

    assert "one of baseten/moonshotai/Kimi-K2.5, fireworks/accounts/fireworks/models/kimi-k2p5" in every


def test_the_whole_timeline_is_json() -> None:
    found = json.loads(CliRunner().invoke(main, ["route", "deep", "--edition", "all", "--json"]).stdout)

    assert found["query"] == "deep"
    assert found["timeline"][0]["route"] is None
    assert found["timeline"][1]["route"]["model"] == "gpt-5.2-codex"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gpt-5-codx"], "no model is called 'gpt-5-codx'; did you mean gpt-5-codex"),
        (["Kimi K2.5", "--edition", "amp-0.0.1770734955"], "served by several providers; write one of baseten/"),
        (["deeep"], "did you mean deep"),
        (["smart", "--edition", "2020-01-01"], "unknown edition '2020-01-01'"),
        (["x", "--provider", "grok"], "no provider is called 'grok'"),
    ],
)
def test_what_no_edition_knows_is_one_message_with_suggestions(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(main, ["route", *arguments])

    assert result.exit_code == 4
    assert said in result.output
    assert result.output.count("Error:") == 1


def test_a_mode_that_amps_servers_run_is_answered_without_a_route() -> None:
    shown = CliRunner().invoke(main, ["route", "ultra"])
    found = json.loads(CliRunner().invoke(main, ["route", "ultra", "--json"]).stdout)

    assert shown.exit_code == 0
    assert "called by   Amp's own servers; the client makes no model call through amp.url" in shown.stdout
    assert (found["kind"], found["model"], found["via_proxy"]) == ("hosted_mode", "claude-fable-5-1", False)
    assert [period["has_calls"] for period in found["timeline"]] == [True, False, False]


def test_a_route_tells_the_limits_that_its_edition_states() -> None:
    shown = CliRunner().invoke(main, ["route", "claude-opus-4-6", "--edition", "2026-02"]).stdout
    later = json.loads(CliRunner().invoke(main, ["route", "deep", "--json"]).stdout)
    base = json.loads(CliRunner().invoke(main, ["route", "gpt-5", "--json"]).stdout)

    assert "limits      200,000 tokens of context, at most 32,000 of output\n" in shown
    assert later["limits"] == {"context": 400_000, "output": 128_000}
    assert base["limits"] is None
