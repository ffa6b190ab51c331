"""Which targets an earlier build wrote from the same inputs. It loads no renderer, so that the answer comes at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from .. import outputs
from ..render.manifest import Manifest, ManifestError


@dataclass(frozen=True)
class Before:
    """A target whose files an earlier build wrote from the same inputs: how many there are, and of which edition."""

    files: int
    edition: str


def built_before(targets: Sequence[str], out: Path | None, inputs: str | None) -> dict[str, Before]:
    """Those of the targets that need not be built again, as `fingerprint` and the manifest say.

    Files that are committed are not in the manifest, and are always built.
    """
    manifest = read_manifest(out)
    found: dict[str, Before] = {}
    if inputs is None:
        return found
    for target in targets:
        output, folder = outputs.OUTPUTS[target], outputs.OUTPUTS[target].folder(out)
        owned = output.owned if out is None else ()
        if (out is not None or not output.is_committed) and manifest.is_current(target, inputs, folder, owned):
            found[target] = Before(len(manifest.files_of(target)), manifest.origins[target].edition)
    return found


def read_manifest(out: Path | None) -> Manifest:
    """The manifest of the folder of `--out`, or of the checkout. Raises ClickException where it cannot be used."""
    try:
        return Manifest.read(out if out is not None else outputs.CHECKOUT / "build")
    except ManifestError as error:
        raise click.ClickException(str(error)) from None
