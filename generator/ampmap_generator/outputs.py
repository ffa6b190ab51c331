"""Where the spec is found, and where outputs belong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
CHECKOUT = PACKAGE.parent.parent
NO_FACTS = ("schema", "released")
"""Folders of the spec that hold no facts: generated schemas, and what was released."""


class NoSpecError(FileNotFoundError):
    """There is no spec: the installation is broken."""


def in_checkout() -> bool:
    """Whether this package runs from a source checkout, with `spec/` beside it."""
    return (CHECKOUT / "spec").is_dir() and (CHECKOUT / "pyproject.toml").is_file()


def spec_dir() -> Path:
    """The packaged spec in an installed wheel, else the checkout's. Raises NoSpecError."""
    return _data("_spec", "spec")


def site_dir() -> Path:
    """The packaged site sources in an installed wheel, else the checkout's. Raises NoSpecError."""
    return _data("_site", "site")


def evidence_dir() -> Path | None:
    """The folder with what runs of the kit showed, of a checkout; an installed wheel has none."""
    folder = CHECKOUT / "conformance" / "evidence"
    return folder if in_checkout() and folder.is_dir() else None


def _data(packaged: str, checked_out: str) -> Path:
    for folder in (PACKAGE / packaged, CHECKOUT / checked_out):
        if folder.is_dir():
            return folder
    raise NoSpecError(f"neither {packaged} in the package nor {checked_out}/ in a checkout; install ampmap again")


@dataclass(frozen=True)
class Output:
    """Where one target's files go.

    `committed` is the folder in a checkout, `plain` the one below `--out`. `owned` are the glob
    patterns of files that only this target writes in the checkout: what matches and is not rendered is stale. Below
    `--out` the manifest there says which files are the target's.
    """

    committed: str
    plain: str
    owned: tuple[str, ...]
    is_committed: bool = True
    renamed: tuple[str, str] | None = None
    """A file that has another name below `--out`: its name, and that one."""

    def folder(self, out: Path | None) -> Path:
        """The folder to write to: below `out`, or in the checkout."""
        return out / self.plain if out is not None else CHECKOUT / self.committed


OUTPUTS = {
    "docs": Output("build", ".", ("docs/**/*", "mkdocs.yml"), is_committed=False),
    "types": Output(
        "conformance/ampmap_conformance/reference",
        ".",
        ("types.py",),
        # A `types.py` beside a program shadows the module of that name in the standard library.
        renamed=("types.py", "ampmap_types.py"),
    ),
    "reference": Output(
        "conformance/ampmap_conformance/reference", ".", ("reference.json", "reference.schema.json", "editions/*.json")
    ),
    "openapi": Output("conformance/ampmap_conformance/reference", ".", ("openapi.json", "openapi/**/*.json")),
    "vectors": Output("conformance/ampmap_conformance/reference", ".", ("auth-vectors*.json",)),
    "typescript": Output("build/typescript", ".", ("ampmap.ts",), is_committed=False),
    "go": Output(
        "build/go/ampmap",
        "ampmap",
        ("ampmap.go", "reference.json", "routes.json", "timelines.json"),
        is_committed=False,
    ),
    "route-vectors": Output("build", ".", ("route-vectors*.json",), is_committed=False),
    "schema": Output("spec/schema", "schema", ("**/*.schema.json",)),
    "llms": Output("build", ".", ("llms.txt", "llms-full.txt"), is_committed=False),
}
"""Where each target's files go, by the target's name."""
