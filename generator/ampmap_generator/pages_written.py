"""The hand-written part of the site, and how it meets the generated pages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


class PageCollisionError(ValueError):
    """A hand-written file and a generated page want the same path; `paths` are those."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        super().__init__(f"hand-written files stand where generated pages go: {', '.join(paths)}")
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


def together(generated: Mapping[str, bytes], written: Mapping[str, bytes]) -> dict[str, bytes]:
    """Generated pages and hand-written files as one folder.

    Paths are compared without regard to case, as some file systems do. Raises PageCollisionError.
    """
    taken = {path.casefold() for path in generated}
    collisions = tuple(path for path in written if path.casefold() in taken)
    if collisions:
        raise PageCollisionError(collisions)
    return {**generated, **written}
