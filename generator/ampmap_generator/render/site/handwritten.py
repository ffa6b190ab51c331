"""The hand-written part of the site, and how it meets the generated pages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import yaml

from .redirects import RedirectError


class PageCollisionError(ValueError):
    """A hand-written file and a generated page want the same path; `paths` are those."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        super().__init__(f"hand-written files have the paths of generated pages; rename them: {', '.join(paths)}")
        self.paths = paths


THEME: Final = "theme"
"""The folder with what the site changes of its theme's templates."""


def site_files(site_dir: Path) -> dict[str, bytes]:
    """The guides and assets below `docs/` of the site's folder, as `files_below` has them. Raises OSError."""
    return files_below(site_dir / "docs")


def files_below(folder: Path) -> dict[str, bytes]:
    """The files below a folder, by path relative to it, sorted. Hidden files are left out. Raises OSError."""
    found = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    return {
        name.as_posix(): path.read_bytes()
        for name, path in sorted(found.items())
        if not any(part.startswith(".") for part in name.parts)
    }


def markdown_of(files: Mapping[str, bytes]) -> dict[str, str]:
    """The Markdown pages among files, as text."""
    return {path: content.decode("utf-8") for path, content in files.items() if path.endswith(".md")}


def merge_files(generated: Mapping[str, bytes], written: Mapping[str, bytes]) -> dict[str, bytes]:
    """Generated pages and hand-written files as one folder.

    Paths are compared without regard to case, as some file systems do. Raises PageCollisionError.
    """
    taken = {path.casefold() for path in generated}
    collisions = tuple(path for path in written if path.casefold() in taken)
    if collisions:
        raise PageCollisionError(collisions)
    return {**generated, **written}


def redirects_of(site_dir: Path) -> dict[str, str]:
    """Old and new pages of `redirects.yaml` in the site's folder; none without that file.

    Raises OSError, yaml.YAMLError, and RedirectError for a file that is not a mapping of texts.
    """
    path = site_dir / "redirects.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if not isinstance(data, dict) or not all(isinstance(each, str) for pair in data.items() for each in pair):
        raise RedirectError((f"{path.name}: expected a mapping of old pages to new pages",))
    return data


def edit_url(config: str) -> str:
    """The URL prefix of the site's configuration for editing a spec file; empty if it has none."""
    extra = yaml.load(config, yaml.BaseLoader).get("extra") or {}  # noqa: S506 - it makes nothing but text
    return str(extra.get("spec_url") or "")
