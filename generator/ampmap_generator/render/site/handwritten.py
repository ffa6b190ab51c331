"""The hand-written part of the site, and how it meets the generated pages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from .redirects import RedirectError


class PageCollisionError(ValueError):
    """A hand-written file and a generated page want the same path; `paths` are those."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        super().__init__(f"hand-written files have the paths of generated pages; rename them: {', '.join(paths)}")
        self.paths = paths


def site_files(site_dir: Path) -> dict[str, bytes]:
    """The guides and assets below `docs/` of the site's folder, by path relative to it, sorted.

    Hidden files are left out. Raises OSError.
    """
    docs = site_dir / "docs"
    found = {path.relative_to(docs): path for path in docs.rglob("*") if path.is_file()}
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
