"""Compiles the types in TypeScript and Go strictly, and asks them for every route vector of three editions.

`python compile.py OUT [TOOLS]` works in the folder OUT; TOOLS has `tsc` below `node_modules/.bin`, and without it
TypeScript is left out. It needs `go`, and ends with 1 where a program finds something.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).parent
GUIDES = HERE.parents[3] / "site/docs/guides"
EDITIONS = ("the base", "newest-proxied", "newest")
STRICT = (
    *("--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess"),
    *("--target", "es2022", "--lib", "es2022,dom", "--module", "es2022", "--moduleResolution", "bundler"),
)


def main(out: Path, tools: Path | None = None) -> None:
    """Builds, compiles and asks. Raises subprocess.CalledProcessError where a program finds something."""
    shutil.rmtree(out, ignore_errors=True)
    vectors = out / "route-vectors.json"
    run("ampmap", "build", "route-vectors", "--out", str(out))
    folders = [out / edition.replace(" ", "_").replace("-", "_") for edition in EDITIONS]
    for edition, folder in zip(EDITIONS, folders, strict=True):
        chosen = () if edition == EDITIONS[0] else ("--edition", edition)
        run("ampmap", "build", "typescript", "go", *chosen, "--out", str(folder))
    if tools is not None:
        typescript(folders, vectors, tools / "node_modules" / ".bin" / "tsc")
        guide("typescript", out / "guide-typescript", folders[0], tools / "node_modules" / ".bin")
    go(out, folders, vectors)
    guide("go", out / "guide-go", folders[0] / "ampmap", None)


def typescript(folders: list[Path], vectors: Path, tsc: Path) -> None:
    """Compiles each module, and beside the first one what a user writes; then asks all of them."""
    shutil.copy(HERE / "consumer.ts", folders[0])
    for folder in folders:
        run(str(tsc), *STRICT, "--outDir", str(folder / "js"), *map(str, folder.glob("*.ts")))
        (folder / "js" / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    run("node", str(folders[0] / "js" / "consumer.js"))
    run("node", str(HERE / "vectors.mjs"), str(vectors), *(str(folder / "js" / "ampmap.js") for folder in folders))


def go(out: Path, folders: Iterable[Path], vectors: Path) -> None:
    """Formats, vets and asks each package, without another toolchain or module."""
    for folder in folders:
        shutil.copy(HERE / "vectors_test.go", folder / "ampmap")
    (out / "go.mod").write_text("module ampmap.example\n\ngo 1.21\n", encoding="utf-8")
    own = {"VECTORS": str(vectors), "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod", "GOPROXY": "off"}
    unformatted = subprocess.run(["gofmt", "-l", "."], cwd=out, check=True, capture_output=True, text=True).stdout
    if unformatted:
        sys.exit(f"gofmt would change {unformatted}")
    for command in ("vet", "test"):
        run("go", command, "./...", cwd=out, env={**os.environ, **own})


def guide(language: str, folder: Path, downloads: Path, tools: Path | None) -> None:
    """Does what the guides say in an empty folder, with the files that they name: the program must print the route."""
    endings = {"typescript": ("main.ts", "."), "go": ("main.go", "internal/ampmap")}
    program, where = endings[language]
    shown = re.search(rf"^```{language}\n(.*?)^```$", (GUIDES / "vendor-the-types.md").read_text("utf-8"), re.M | re.S)
    row = re.search(rf"^\| {language} \|(.*)\| `([^`]+)` \|$", (GUIDES / "install.md").read_text("utf-8"), re.M | re.I)
    assert shown is not None
    assert row is not None
    (folder / where).mkdir(parents=True)
    for name in re.findall(r"\.\./downloads/(?:go/)?([\w.]+)\)", row[1]):
        shutil.copy(downloads / name, folder / where)
    (folder / program).write_text(shown[1], encoding="utf-8")
    own = {**os.environ, "GOTOOLCHAIN": "local", "GOPROXY": "off", "GOWORK": "off"}
    for command in row[2].removeprefix("npx --package typescript ").split(" && "):
        name, *words = command.split()
        known = str(tools / name) if tools and name == "tsc" else name
        done = subprocess.run([known, *words], cwd=folder, env=own, check=True, stdout=subprocess.PIPE, text=True)
    if done.stdout.split() != ["POST", "https://proxy.example.com/api/provider/openai/v1/responses", "gpt-5-codex"]:
        sys.exit(f"the guide's program in {language} prints {done.stdout!r}")


def run(*command: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
    """Runs a program, whose output is shown."""
    subprocess.run(command, cwd=cwd, env=env, check=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
