"""The line that runs a soak again. Pure."""

from __future__ import annotations

import shlex

from ..target.target import Target
from .options import SoakOptions, in_words


def command_of(options: SoakOptions, target: Target) -> str:
    """The same soak as a command for a POSIX shell."""
    words = ["ampmap-conformance soak", *([target.source] if target.source else [])]
    given = (("--reference", options.reference), ("--edition", options.edition), ("--observer", options.observer))
    words += [f"{name} {shlex.quote(str(value))}" for name, value in given if value]
    words += [f"--users {options.users}", f"--for {in_words(options.seconds)}"]
    words += [f"--processes {options.processes}"] if options.processes > 1 else []
    words += [f"--defect {shlex.quote(defect)}" for defect in options.defects]
    return " ".join(words)
