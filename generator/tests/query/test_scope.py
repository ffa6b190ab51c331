"""For which builds the map holds, as the README, the command and the site say it."""

from __future__ import annotations

from collections.abc import Mapping

from ampmap_generator.cli import main
from ampmap_generator.query.scope import builds_in_words
from ampmap_generator.vendored.reference import Reference
from ampmap_tests_support.places import CHECKOUT
from click.testing import CliRunner


def test_the_readme_and_the_command_say_for_which_builds_the_map_holds(editions: Mapping[str, Reference]) -> None:
    said = builds_in_words(editions.values())

    assert said.rstrip(".") in " ".join((CHECKOUT / "README.md").read_text(encoding="utf-8").split())
    assert said in CliRunner().invoke(main, ["--version"]).stdout


def test_it_names_the_newest_proxied_build_and_the_first_after_it(editions: Mapping[str, Reference]) -> None:
    proxied = {name: each for name, each in editions.items() if name < "amp-0.0.1780000000"}

    assert builds_in_words(editions.values()) == (
        "Holds for Amp builds from 0.0.1760587291 (2025-10-16) to 0.0.1777897475 (2026-05-04)."
        " From 0.0.1784106548 (2026-07-15) on, no model call of the client passes amp.url."
    )
    assert "From" not in builds_in_words(proxied.values())


def test_a_reference_is_as_fresh_as_its_newest_source(reference: Reference) -> None:
    read = [source.read for source in reference.sources.values() if source.read]

    assert len(read) == len(reference.sources)
    assert reference.as_of == max(read)
