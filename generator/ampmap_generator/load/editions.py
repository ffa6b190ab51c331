"""Which edition lies over which. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..vendored.base import Edition
from . import rules
from .findings import Finding, Location
from .suggest import did_you_mean

DEEPEST = 3
"""How many editions, each over the other, lie over the base."""


@dataclass(frozen=True)
class EditionFile:
    """An edition as its file states it, and the place of its base."""

    edition: Edition
    place: Location


def paths_to_base(
    known: Mapping[str, EditionFile], stated: Iterable[str], trees: Mapping[str, Location]
) -> tuple[dict[str, tuple[str, ...]], list[Finding]]:
    """Per edition the editions that are laid over the spec, lowest first and itself last; and what is wrong.

    `stated` are all editions that have a file, also those of which nothing more is `known`; `trees` are the folders of
    editions. An edition with a cycle, an unknown base or too many below it is missing from the paths. An unknown base
    is not reported: it is a name like all others.
    """
    findings = [*_bases(known), *_folders(known, stated, trees)]
    paths = {}
    for name in known:
        path, wrong = _path(name, known)
        if wrong is not None:
            findings.append(wrong)
        elif path is not None:
            paths[name] = path
    return paths, findings


def in_order_of_build(paths: Mapping[str, tuple[str, ...]], known: Mapping[str, EditionFile]) -> tuple[str, ...]:
    """The editions that have a path: the base first, then by the day of their build."""
    return tuple(sorted(paths, key=lambda name: (bool(paths[name]), known[name].edition.built, name)))


def _bases(known: Mapping[str, EditionFile]) -> Iterable[Finding]:
    without = sorted(name for name, each in known.items() if each.edition.base is None)
    for name in without[1:]:
        message = f"`{without[0]}` is already the base"
        yield rules.EDITION_BASE.broken(
            known[name].place, message, "set `base` to the edition that this one is based on"
        )
    if known and not without:
        first = known[min(known)]
        yield rules.EDITION_BASE.broken(first.place, "no edition is the base; expected one edition with `base: null`")


def _folders(
    known: Mapping[str, EditionFile], stated: Iterable[str], trees: Mapping[str, Location]
) -> Iterable[Finding]:
    files = set(stated)
    for name, place in trees.items():
        if name not in files:
            message = f"the file `{name}.yaml` of the edition is missing beside this folder"
            yield rules.EDITION_BASE.broken(place, message, did_you_mean(name, files))
        elif name in known and known[name].edition.base is None:
            hint = "move the facts of the base to the spec's own folders"
            yield rules.EDITION_BASE.broken(place, f"`{name}` is the base, which is the spec itself", hint)


def _path(name: str, known: Mapping[str, EditionFile]) -> tuple[tuple[str, ...] | None, Finding | None]:
    """The path of one edition; None, with a finding where it is the one to blame."""
    path: list[str] = []
    here = name
    while (base := known[here].edition.base) is not None:
        path.append(here)
        if base == name:
            way = " over ".join(f"`{each}`" for each in (*path, name))
            return None, rules.EDITION_CYCLE.broken(known[name].place, f"the edition is based on itself: {way}")
        if base not in known or base in path:
            return None, None  # an unknown name, or a cycle that this edition is not part of
        here = base
    if len(path) > DEEPEST:
        way = " over ".join(f"`{each}`" for each in (*path, here))
        message = f"{len(path)} editions are stacked on the base: {way}"
        return None, rules.EDITION_DEPTH.broken(known[name].place, message, f"stack at most {DEEPEST}")
    return tuple(reversed(path)), None
