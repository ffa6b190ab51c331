"""Mutation testing: the suite notices a change that matters, and passes one that nothing outside can see."""

from __future__ import annotations

import re
import subprocess
import sys

from ampmap_tests_support.places import CHECKOUT

RUN = (sys.executable, "conformance/mutants/run.py")


def test_a_mutant_is_killed_by_a_case_and_an_equivalent_one_survives() -> None:
    shown = _run("--show", "credentials.given_keys")
    placeholder = _id_of("'!= PLACEHOLDER' -> '== PLACEHOLDER'", shown)
    other_case = _id_of("'\"x-goog-api-key\"' -> '\"X-GOOG-API-KEY\"' = Names of fields", shown)

    told = _run("--only", placeholder, "--only", other_case, "--rule", "auth.accepts-credential")

    assert re.search(rf"{re.escape(placeholder)}: .*: auth\.accepts-credential\[", told)
    assert re.search(rf"{re.escape(other_case)}: .*: survives\n  equivalent: ", told)


def _id_of(change: str, shown: str) -> str:
    return next(line.partition(" ")[0] for line in shown.splitlines() if change in line)


def _run(*words: str) -> str:
    done = subprocess.run([*RUN, *words], cwd=CHECKOUT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
