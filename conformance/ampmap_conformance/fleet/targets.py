"""The targets of a fleet: their files are checked, all of them, before the first is run."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..baseline import file as baselines
from ..engine.options import RunOptions
from ..errors import UsageError
from ..files import read_yaml
from ..reference.edition import reference_for
from ..target import target as targets
from ..target.file import TargetFile
from ..wire.address import Address, absolute_url

LONGEST_FOLDER = 60
"""Characters of a folder's name; none of them takes more than four bytes, and file systems allow 255."""


@dataclass(frozen=True, kw_only=True)
class FleetTarget:
    """A target of a fleet, and its file."""

    name: str
    file: Path
    folder: str
    """Name of the folder of its report."""
    takes: frozenset[str] = frozenset()
    """What it does not share with another run at the same time: its proxy, and the ports on which its observer listens
    here."""
    baseline: Path | None = None
    problem: str = ""
    """Why it cannot be run, with the place in its file; empty for a valid file."""


def read_targets(files: Sequence[Path], options: RunOptions, editions: Sequence[str]) -> tuple[FleetTarget, ...]:
    """The targets that `files` describe, in their order; those that cannot be run say why.

    `options.baseline` is a file for all of them, or a folder with a file for each. Raises UsageError for names that are
    not distinct, and for a baseline that cannot be read.
    """
    found = tuple(_read(file, options, editions) for file in files)
    _check_distinct(found)
    for baseline in {each.baseline for each in found if each.baseline is not None}:
        baselines.load(baseline)
    return found


def folder_of(name: str) -> str:
    """A name of a folder for a target: letters, digits, `.`, `_` and `-`, whatever the target is called."""
    text = re.sub(r"[^\w.-]+", "-", unicodedata.normalize("NFC", name)).strip("-.")
    return text[:LONGEST_FOLDER] or "target"


def _read(file: Path, options: RunOptions, editions: Sequence[str]) -> FleetTarget:
    try:
        references = [reference_for(options.reference, edition, file) for edition in editions or (None,)]
        target, *_ = [targets.load(file, reference) for reference in references]
    except UsageError as error:
        name = _name_in(file)
        return FleetTarget(name=name, file=file, folder=folder_of(name), problem=str(error))
    folder = folder_of(target.file.name)
    return FleetTarget(
        name=target.file.name,
        file=file,
        folder=folder,
        takes=frozenset(_taken(target.file)),
        baseline=_baseline_of(options.baseline, folder),
    )


def _name_in(file: Path) -> str:
    """The name in a file that is not valid, as far as it has one; else that of the file."""
    try:
        data = read_yaml(file).data
    except UsageError:
        data = None
    name = data.get("name") if isinstance(data, dict) else None
    return name if isinstance(name, str) and name.strip() else file.stem


def _taken(file: TargetFile) -> Iterable[str]:
    yield f"proxy {Address.of(absolute_url(file.base_url)).netloc}"
    if file.observer is not None and file.observer.token is None:
        for url in (file.observer.advertise, *file.observer.personas.values()):
            yield f"port {Address.of(absolute_url(url)).port}"


def _baseline_of(given: Path | None, folder: str) -> Path | None:
    if given is None or not given.is_dir():
        return given
    own = given / f"{folder}.yaml"
    return own if own.is_file() else None


def _check_distinct(found: Sequence[FleetTarget]) -> None:
    """Raises UsageError where two targets would report into one folder, also where upper and lower case are one."""
    known: dict[str, FleetTarget] = {}
    for each in found:
        other = known.setdefault(each.folder.casefold(), each)
        if other is not each:
            same = f"are both named `{each.name}`" if other.name == each.name else f"would both use {each.folder}/"
            raise UsageError(
                f"{other.file} and {each.file} {same}; each target of a fleet needs a `name` of its own, which also"
                " names the folder of its report"
            )
