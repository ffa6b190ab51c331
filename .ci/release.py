"""Whether the checkout is what a release is made of.

`python .ci/release.py` says what is wrong, and what is left to do before the tag is set; it ends with 1 where something
is wrong. With `--tag v0.1.0` what is left to do is wrong, too: the tag must be that of the version, on this commit.
`--notes` prints the version's section of CHANGELOG.md instead.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
KIT = "packaging/ampmap-conformance"
TOLD = (
    "README.md", "action.yml", ".pre-commit-hooks.yaml", "Containerfile", "packaging/**/*.y*ml", "packaging/**/*.md",
    "site/docs/**/*.md",
)  # fmt: skip
"""Files that name a version of ampmap for users to copy."""
PIN = re.compile(r"(?:ampmap(?:-conformance)?(?:\[\w+\])?(?:@v|:v?|/v|==)|--branch v|rev: v)(\d+\.\d+\.\d+)\b")
SECTION = re.compile(r"^## (\S+)(?: \((\d{4}-\d\d-\d\d)\))?$", re.MULTILINE)


@dataclass(frozen=True)
class Finding:
    """What keeps the checkout from being released; `later` says that only the release itself does it."""

    text: str
    later: bool = False


def main() -> str | None:
    """What is wrong; None where nothing is."""
    reader = argparse.ArgumentParser()
    reader.add_argument("--tag")
    reader.add_argument("--notes", action="store_true")
    asked = reader.parse_args()
    tag: str | None = asked.tag
    version = project(".")["version"]
    if asked.notes:
        sys.stdout.write(notes(version))
        return None
    found = [*versions(version), *licences(), *changelog(version), *scores(version), *commit(version, tag)]
    wrong = [item.text for item in found if tag or not item.later]
    for item in found:
        if item.text not in wrong:
            sys.stdout.write(f"before the tag: {item.text}\n")
    if wrong:
        return "\n".join(wrong)
    sys.stdout.write(f"{version}: versions, licences, changelog and tag agree\n")
    return None


def project(folder: str) -> dict[str, str]:
    """The table `project` of a folder's pyproject.toml."""
    found: dict[str, str] = tomllib.loads(read(f"{folder}/pyproject.toml"))["project"]
    return found


def read(name: str) -> str:
    """The text of a file of the checkout."""
    return (CHECKOUT / name).read_text(encoding="utf-8")


def versions(version: str) -> Iterator[Finding]:
    """Both packages have one version, and what users copy names it."""
    pyproject = read(f"{KIT}/pyproject.toml")
    if project(KIT)["version"] != version:
        yield Finding(f"{KIT}/pyproject.toml: `version` is not {version}, which pyproject.toml states")
    texts = {path.relative_to(CHECKOUT).as_posix(): path for pattern in TOLD for path in CHECKOUT.glob(pattern)}
    named = {name: path.read_text(encoding="utf-8") for name, path in texts.items()}
    for name, text in {**named, f"{KIT}/pyproject.toml": pyproject}.items():
        for told in sorted({match[1] for match in PIN.finditer(text)} - {version}):
            yield Finding(f"{name}: names version {told} of ampmap, and pyproject.toml states {version}")


def licences() -> Iterator[Finding]:
    """Each package has the licence in its own folder, from which it is built."""
    if read("LICENSE") != read(f"{KIT}/LICENSE"):
        yield Finding(f"{KIT}/LICENSE differs from LICENSE; copy it")


def changelog(version: str) -> Iterator[Finding]:
    """CHANGELOG.md has a dated section of the version, and no other that is not released."""
    dates = dict(SECTION.findall(read("CHANGELOG.md")))
    if "Unreleased" in dates and version not in dates:
        yield Finding(f"CHANGELOG.md: name the section `## Unreleased` `## {version} (YEAR-MONTH-DAY)`", later=True)
    elif not dates.get(version):
        yield Finding(f"CHANGELOG.md: no section `## {version} (YEAR-MONTH-DAY)`")


def notes(version: str) -> str:
    """The section of a version in CHANGELOG.md, without its heading; empty where there is none."""
    _, _, rest = read("CHANGELOG.md").partition(f"\n## {version} ")
    return rest.partition("\n")[2].partition("\n## ")[0].strip() + "\n"


def scores(version: str) -> Iterator[Finding]:
    """The requirements that score in the version are fixed."""
    name = f"conformance/ampmap_conformance/releases/{version}.yaml"
    if not (CHECKOUT / name).exists() or "status: released" not in read(name):
        yield Finding(f"{name}: not fixed; run `nox -s freeze -- {version}`", later=True)


def commit(version: str, tag: str | None) -> Iterator[Finding]:
    """The tag of the version is free, or on this commit, which has all that lies in the checkout."""
    if tag not in (None, f"v{version}"):
        yield Finding(f"{tag}: pyproject.toml states version {version}; its tag is v{version}")
    if not (CHECKOUT / ".git").exists():
        yield Finding("the tag and the commit cannot be checked: this is not a git checkout", later=True)
        return
    tagged, head = git("rev-parse", "--verify", "--quiet", f"v{version}^{{commit}}"), git("rev-parse", "HEAD")
    if tagged and tagged != head:
        told = f"the tag v{version} exists, on commit {tagged[:12]}; raise the version in pyproject.toml"
        yield Finding(told, later=True)
    if git("status", "--porcelain"):
        yield Finding("the checkout differs from its commit; commit what is to be released", later=True)


def git(*words: str) -> str:
    """What git prints; empty where it fails."""
    return subprocess.run(
        ["git", "-C", str(CHECKOUT), *words], capture_output=True, text=True, check=False
    ).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
