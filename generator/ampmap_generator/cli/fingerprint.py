"""A digest of all that a build is made of, by which a later build knows that nothing changed."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from .. import outputs

_LIBRARIES = ("ampmap", "jinja2", "markupsafe", "pydantic", "pydantic-core", "pyyaml")
"""Whose versions may change what is written."""


def fingerprint(spec_dir: Path | None, layers: Sequence[Path], edition: str | None) -> str | None:
    """The SHA-256 over spec, layers, the asked edition, the site's sources, the evidence, and the generator itself.

    Of the folders of spec and layers it has their names, which the outputs show, and not their places. None where
    these are not distinct, or a file cannot be read: then nothing is known of the inputs.
    """
    named = [folder.resolve().name for folder in (spec_dir or outputs.spec_dir(), *layers)]
    if len(set(named)) < len(named):
        return None
    found = hashlib.sha256(repr((sys.version, edition, named, *(version(name) for name in _LIBRARIES))).encode())
    try:
        for folder in (spec_dir or outputs.spec_dir(), *layers):
            _add(found, folder, but=outputs.NO_FACTS)
        evidence = outputs.evidence_dir()
        own = (outputs.spec_dir() / "schema", outputs.site_dir(), outputs.PACKAGE)
        for folder in own if evidence is None else (*own, evidence):
            _add(found, folder)
    except OSError:
        return None
    return found.hexdigest()


def _add(digest: hashlib._Hash, folder: Path, but: Sequence[str] = ()) -> None:
    """Adds all that a folder holds, without some of its folders. Raises OSError."""
    digest.update(b"folder\n")
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name.partition("/")[0] in but or path.parent.name == "__pycache__" or path.is_dir():
            continue
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "is not a file"
        digest.update(f"{name!r} {content}\n".encode())
