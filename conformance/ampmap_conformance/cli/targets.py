"""How a command finds its target: a file or a URL that is named, or the default file in the working folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..errors import UsageError

DEFAULT = Path("ampmap-target.yaml")
"""The target file that commands use where none is named."""


def default_target() -> Path | None:
    """The default target file, if it is there."""
    return DEFAULT if DEFAULT.is_file() else None


def given_file(file: Path | None) -> Path:
    """The target file that is named, or else the default one. Raises UsageError where neither is there."""
    given = file or default_target()
    if given is None:
        raise UsageError(
            f"no target: name a target file, or write one with `ampmap-conformance target init --from-url URL --out"
            f" {DEFAULT}`, which commands read by default"
        )
    return given


def check_forms(files: Iterable[Path]) -> None:
    """Raises UsageError for every problem in target files; their secrets need not be set."""
    from ..reference.edition import reference_for
    from ..target.target import read

    problems = []
    for file in files:
        try:
            read(file, reference_for(target=file))
        except UsageError as error:
            problems.append(str(error))
    if problems:
        raise UsageError("\n".join(problems))


def named_target(text: str | None) -> tuple[Path | None, str | None]:
    """The target file and the URL that an argument names, of which one is None; by default the default file.

    Raises UsageError where nothing is named and there is no such file.
    """
    if text is not None and "://" in text:
        return None, text
    return given_file(Path(text) if text is not None else None), None
