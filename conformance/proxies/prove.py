"""Tests real proxies with the kit: each is installed, configured, started, probed and ended.

python conformance/proxies/prove.py nginx litellm

What it takes to start one is its `recipe.yaml`, what it promises its `target.yaml`, and what is known to fail its
`baseline.yaml`. Reports go to `build/proxies/NAME`; the evidence of a run of the whole suite to
`conformance/evidence/NAME.json`. Ends with 1 when a proxy does not come to what is known of it.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from processes import PATH, MissingError, NotThereError, check_needs
from recipes import HERE, Recipe, names, read
from setting_up import KIT, ROOT, TOKEN, started

AS_KNOWN = (0, 5, 8)
"""Exit codes of a run in which nothing is new. Where a known failure blocks a whole requirement, it is 5; 8 where the
proxy leaves out what a client needs."""


@dataclass(frozen=True)
class Options:
    """What a run was asked for."""

    home: Path
    build: Path
    evidence: Path | None
    """Where evidence goes; None for a run that leaves none."""
    kit: tuple[str, ...]
    """Further options of `ampmap-conformance run`."""
    baseline: bool
    outside: bool
    """Whether the kit is not told of the observer, so that it judges what a client sees alone."""
    twice: bool
    """Whether a second run must come to the same."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names())}; all by default")
    parser.add_argument("--home", type=Path, default=HERE, help="folder of the recipes; another one leaves no evidence")
    parser.add_argument("--quick", action="store_true", help="only those that take seconds")
    parser.add_argument("--twice", action="store_true", help="test each a second time; both runs must be the same")
    parser.add_argument("--profile", action="append", default=[], help="only this profile; leaves no evidence")
    parser.add_argument("--select", action="append", default=[], help="only these cases; leaves no evidence")
    parser.add_argument("--no-baseline", action="store_true", help="without what is known to fail; leaves no evidence")
    parser.add_argument("--outside", action="store_true", help="without a word of the observer; leaves no evidence")
    parser.add_argument("--evidence", type=Path, default=ROOT / "conformance/evidence", help="where evidence goes")
    parser.add_argument("--build", type=Path, default=ROOT / "build/proxies", help="where packages and reports go")
    asked = parser.parse_args(arguments)
    home = asked.home.resolve()
    if unknown := set(asked.names) - set(names(home)):
        parser.error(f"there is no recipe for {', '.join(sorted(unknown))}")
    part = [word for name in asked.profile for word in ("--profile", name)]
    part += [word for pattern in asked.select for word in ("--select", pattern)]
    whole = not part and not asked.no_baseline and not asked.outside and home == HERE.resolve()
    options = Options(
        home=home,
        build=asked.build.resolve(),
        evidence=asked.evidence.resolve() if whole else None,
        kit=tuple(part),
        baseline=not asked.no_baseline and not asked.outside,
        outside=asked.outside,
        twice=asked.twice,
    )
    chosen = asked.names or [name for name in names(home) if read(name, home).quick or not asked.quick]
    failed = [said for name in chosen if (said := judged(name, options, is_named=name in asked.names))]
    if failed:
        print(f"not as known: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def judged(name: str, options: Options, *, is_named: bool) -> str | None:
    """What is wrong with a proxy; None where it comes to what is known of it.

    A proxy whose programs are not installed is skipped, unless it was asked for by its name.
    """
    print(f"--- {name}", flush=True)
    try:
        code = prove(name, options)
    except MissingError as error:
        print(f"{'' if is_named else 'skipped: '}{error}", file=sys.stderr)
        return f"{name} (not installed)" if is_named else None
    except NotThereError as error:
        print(error, file=sys.stderr)
        return f"{name} (not started)"
    if code not in AS_KNOWN:
        return f"{name} ({code})"
    if options.twice:
        first = options.build / name
        prove(name, replace(options, evidence=None), report=first / "again")
        if not is_same(first / "report.json", first / "again/report.json"):
            return f"{name} (two runs differ)"
    return None


def prove(name: str, options: Options, report: Path | None = None) -> int:
    """Tests one proxy; the kit's exit code. Raises NotThereError when it cannot be had."""
    recipe = read(name, options.home)
    check_needs(recipe)
    report = report or options.build / name
    report.mkdir(parents=True, exist_ok=True)
    keys = {variable: f"sk-{secrets.token_hex(16)}" for variable in (*recipe.client_keys, TOKEN)}
    environment = {**os.environ, "PATH": PATH, **keys}
    known = options.home / name / "baseline.yaml"
    more = ["--workers", str(recipe.workers)]
    more += ["--baseline", str(known)] if options.baseline and known.is_file() else []
    with ExitStack() as stack:
        if recipe.proxy is not None:
            target = stack.enter_context(started(options.home / name, recipe, options.build, environment))
            if options.outside:
                unobserved(target)
            more += ["--target", str(target)]
        run = [*KIT, "run", "--report-dir", str(report), "--annotations", "none", *more, *options.kit]
        code = subprocess.run(run, env=environment, cwd=ROOT, check=False).returncode
    if code in (*AS_KNOWN, 1, 7) and options.evidence is not None:
        _write_evidence(name, recipe, report, options.evidence)
    return code


def _write_evidence(name: str, recipe: Recipe, report: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    about = ["--title", recipe.title, *(["--url", recipe.url] if recipe.url else [])]
    command = [*KIT, "evidence", str(report / "report.json"), "--out", str(folder / f"{name}.json"), *about]
    subprocess.run(command, cwd=ROOT, check=True)


def unobserved(target: Path) -> None:
    """Takes the observer out of a target file."""
    told = yaml.safe_load(target.read_text(encoding="utf-8"))
    told.pop("observer", None)
    target.write_text(yaml.safe_dump(told), encoding="utf-8")


def is_same(old: Path, new: Path) -> bool:
    """Whether no case of two reports differs; prints what does."""
    compare = [*KIT, "report", "diff", str(old), str(new)]
    done = subprocess.run([*compare, "--json"], cwd=ROOT, check=False, capture_output=True, text=True)
    found = json.loads(done.stdout)
    differs = any(found[part] for part in ("regressions", "fixes", "changed", "new", "gone"))
    if differs:
        subprocess.run(compare, cwd=ROOT, check=False)
    return not differs


if __name__ == "__main__":
    sys.exit(main())
