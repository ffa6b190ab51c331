"""The reference that a command uses: a file, or the edition that an option or the target file names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from .. import reference as packaged
from ..errors import UsageError
from ..files import did_you_mean, read_yaml
from .types import Reference


def reference_for(file: Path | None = None, edition: str | None = None, target: Path | None = None) -> Reference:
    """The reference in `file`; else the packaged one of `edition`, else of the edition that the target file names.

    Without any of them it is the base edition's. `target.load` checks whether a target matches
    its reference. Raises UsageError for an invalid file, and for an unknown edition.
    """
    if file is not None:
        if edition is not None:
            raise UsageError("--reference and --edition cannot be combined: a reference is of one edition")
        return _from_file(file)
    place = "--edition"
    if edition is None and target is not None:
        edition, place = _edition_of(target)
    try:
        return packaged.load(edition=edition)
    except packaged.UnknownEditionError as error:
        known = list(error.known)
        hint = did_you_mean(edition or "", known) or f"; known: {', '.join(known)}"
        raise UsageError(f"{place}: {error}{hint}") from None


def editions_meant(names: Iterable[str], all_proxied: str) -> tuple[str, ...]:
    """The ids of the editions that `names` mean, each once, in the order of the names.

    `all_proxied` stands for all of which a model call passes a proxy. Raises UsageError for an unknown one.
    """
    found: dict[str, None] = {}
    for name in names:
        if name == all_proxied:
            found |= dict.fromkeys(each for each in packaged.editions() if packaged.proxied_providers(each))
        else:
            found[reference_for(edition=name).edition.id] = None
    return tuple(found)


def _from_file(file: Path) -> Reference:
    try:
        return packaged.load(file)
    except (OSError, UnicodeDecodeError) as error:
        place, told = getattr(error, "filename", None) or file, getattr(error, "strerror", None)
        raise UsageError(f"--reference: {place}: {told or 'not UTF-8 text'}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "the file"
        hint = "write one with `ampmap build reference --out DIR`"
        raise UsageError(f"--reference: {file}: {where}: {first['msg']}; {hint}") from None


def _edition_of(target: Path) -> tuple[str | None, str]:
    """What the target file says under `edition`, and where; anything else in it is for others to judge."""
    document = read_yaml(target)
    edition = document.data.get("edition") if isinstance(document.data, dict) else None
    return edition if isinstance(edition, str) else None, document.at(("edition",))
