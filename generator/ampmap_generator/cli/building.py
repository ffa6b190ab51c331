"""What `build` does with the files of its targets, in the checkout or below `--out`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from .. import outputs
from ..load.collector import collector_paused
from ..render.manifest import Origin
from ..render.site.evidence_files import EvidenceError
from ..render.site.redirects import RedirectError
from ..render.write import Difference, Files, differences, write
from ..targets import TARGETS, Compiled
from .before import read_manifest
from .inputs import report_write_errors

SHOWN = 5
"""Files in the way that are named."""


class Builder:
    """Renders targets, all of them before anything is written. `out` is the folder of `--out`, if there is one."""

    def __init__(self, everything: Compiled, targets: Sequence[str], out: Path | None) -> None:
        self._out = out
        self._edition = everything.reference.edition.id
        self._manifest = read_manifest(out)
        try:
            with collector_paused():
                made = {name: self._named(name, TARGETS[name](everything)) for name in targets}
        except (EvidenceError, RedirectError) as error:
            raise click.ClickException(str(error)) from None
        self.files: Mapping[str, Files] = made
        """By target: path relative to the target's folder, and content."""

    def refuse_foreign(self) -> None:
        """Raises UsageError where files are in the way below `--out` that `build` did not write."""
        if self._out is None:
            return
        every = [
            str(path)
            for target, files in self.files.items()
            for path in self._manifest.foreign(target, outputs.OUTPUTS[target].folder(self._out), files)
        ]
        if every:
            more = f" and {len(every) - SHOWN} more" if len(every) > SHOWN else ""
            are = "were not written by `ampmap build`, or changed since"
            raise click.UsageError(
                f"--out: {', '.join(every[:SHOWN])}{more} {are}; choose another folder, or use --force"
            )

    def compare(self, target: str) -> list[Difference]:
        """What `write` would change."""
        return differences(self._folder(target), self.files[target], self._owned(target))

    def write(self, target: str, inputs: str | None = None) -> list[Difference]:
        """Writes the files of a target, and removes those that it wrote before and has no more; what it changed.

        `inputs` is the digest of what they are made of, where it is known.
        """
        origin = Origin(inputs, self._edition) if inputs else None
        output, folder = outputs.OUTPUTS[target], self._folder(target)
        with report_write_errors(folder):
            made = write(folder, self.files[target], self._owned(target))
            if self._out is not None or not output.is_committed:
                self._manifest.record(target, folder, self.files[target], origin)
                self._manifest.write()
        return made

    def _folder(self, target: str) -> Path:
        return outputs.OUTPUTS[target].folder(self._out)

    def _owned(self, target: str) -> tuple[str, ...]:
        if self._out is None:
            return outputs.OUTPUTS[target].owned
        return self._manifest.patterns(target, self._folder(target))

    def _named(self, target: str, files: Files) -> Files:
        renamed = outputs.OUTPUTS[target].renamed
        if self._out is None or renamed is None:
            return files
        before, after = renamed
        return {after if name == before else name: content for name, content in files.items()}
