"""What the tests of the generator share beside fixtures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from ampmap_generator.render.site.pages import pages
from ampmap_generator.render.site.whole_site import render_docs
from ampmap_generator.render.write import write
from ampmap_generator.vendored.reference import Reference

SUB_PATH = "ampmap/latest"
COSTS = "costs.json"


@dataclass(frozen=True)
class BuiltSite:
    """The published site as mkdocs builds it, below `SUB_PATH` as a web server would serve it."""

    folder: Path

    @property
    def www(self) -> Path:
        """What a web server's root would be."""
        return self.folder / "www"

    @property
    def pages(self) -> Path:
        """The folder of the site itself."""
        return self.www / SUB_PATH

    @property
    def costs(self) -> dict[str, float]:
        """Seconds of processor time that rendering the pages took, as `pages`, and building the site, as `mkdocs`."""
        costs: dict[str, float] = json.loads((self.folder / COSTS).read_text(encoding="utf-8"))
        return costs


ADDRESS = f"http://site/{SUB_PATH}/"
"""Where the built site believes to be published."""


def build_site(folder: Path, editions: Mapping[str, Reference]) -> None:
    """Builds the site of the base edition into a folder that `BuiltSite` reads."""
    reference = next(iter(editions.values()))
    write(folder / "build", render_docs(reference, editions), ())
    begin = time.thread_time()  # after a first time, which compiles the templates
    pages(reference, editions)
    rendering = time.thread_time() - begin
    before = getrusage(RUSAGE_CHILDREN)
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", "build/mkdocs.yml", "-d", f"../www/{SUB_PATH}"],
        cwd=folder,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "SITE_URL": ADDRESS},
        capture_output=True,
        text=True,
        check=False,
    )
    after = getrusage(RUSAGE_CHILDREN)
    assert built.returncode == 0, built.stderr
    building = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    (folder / COSTS).write_text(json.dumps({"pages": rendering, "mkdocs": building}), encoding="utf-8")
