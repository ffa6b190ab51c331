# /// script
# requires-python = ">=3.11"
# dependencies = ["nox>=2025.5.1"]
# ///
"""Sessions of ampmap: `nox -l` lists them, `nox -s NAME -- ARGS` hands arguments on."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tomllib
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "typecheck", "spec", "drift", "tests"]

HERE = Path(__file__).parent
BUILD = HERE / "build"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
LOCKS = {"conformance": ("conformance",), "all-profiles": ("conformance", "clients", "fuzz")}
"""Lock file in `conformance/locks` to the extras that it holds."""
DIST = BUILD / "dist"
"""Where the archives of both packages are built."""
RELEASE_TOOLS = ("check-wheel-contents>=0.6.1,<1", "pipx>=1.7,<2", "twine>=6.1,<7", "uv>=0.9")
SCRIPTS = ("site/docs/assets", "conformance/ampmap_conformance")
"""Where JavaScript and CSS are written by hand."""


def install(session: nox.Session, *extras: str) -> None:
    """Installs this checkout, editable, with extras; `--no-venv` runs take what is there."""
    if session.virtualenv.is_sandboxed:
        session.install("-e", f".[{','.join(extras)}]" if extras else ".")


@nox.session
def docs(session: nox.Session) -> None:
    """Publish the routing map into build/site; `-- serve` shows it, `-- deploy [EDITION...]` pushes it to gh-pages."""
    install(session, "docs")
    environment = {"NO_MKDOCS_2_WARNING": "1"}
    words = session.posargs
    if words[:1] == ["deploy"]:
        deploy(session, words[1:], environment)
        return
    session.run("ampmap", "build", "docs", *[arg for arg in words if arg != "serve"])
    command = "serve" if "serve" in words else "build"
    session.run("mkdocs", command, "--strict", "-f", "build/mkdocs.yml", env=environment)
    if command == "build":
        session.log("open build/site/index.html")
        if not os.environ.get("SITE_URL"):
            session.warn("SITE_URL is not set: 404.html, the sitemap and canonical links need it to be published")


def deploy(session: nox.Session, wanted: list[str], environment: dict[str, str]) -> None:
    """One folder an edition on the branch gh-pages of `origin`; `stable` is the base, `latest` the newest build."""
    known = [edition["id"] for edition in json.loads(str(session.run("ampmap", "editions", "--json", silent=True)))]
    if unknown := set(wanted) - set(known):
        session.error(f"no edition {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    aliases = {known[0]: "stable", known[-1]: "latest"}
    config = BUILD / "mkdocs.deploy.yml"
    for edition in wanted or known:
        session.run("ampmap", "build", "docs", "--edition", edition)
        # JSON is YAML; the selector asks for versions.json, which only a deployed site has.
        config.write_text(
            json.dumps({"INHERIT": "mkdocs.yml", "strict": True, "extra": {"version": {"provider": "mike"}}})
        )
        names = [edition, aliases[edition]] if edition in aliases else [edition]
        how = ("--update-aliases", "--alias-type", "copy", "-F", str(config))
        session.run("mike", "deploy", *how, *names, env=environment)
    session.run("mike", "set-default", "--allow-empty", "--push", "-F", str(config), "stable", env=environment)
    session.log("pushed to the branch gh-pages of origin")


@nox.session
def types(session: nox.Session) -> None:
    """Write the vendorable module; `-- --out FILE` says where (default build/ampmap_types.py)."""
    install(session)
    session.run("ampmap", "types", *(session.posargs or ["--out", "build/ampmap_types.py"]))


@nox.session
def conformance(session: nox.Session) -> None:
    """Probe a proxy: `-- --target staging.yaml`; without arguments the embedded reference proxy."""
    install(session, "conformance")
    session.run("ampmap-conformance", "run", *session.posargs)


@nox.session
def clients(session: nox.Session) -> None:
    """Drive the newest official SDKs through a proxy: `-- --target FILE`; by default through the reference proxy."""
    install(session, "conformance", "clients")
    session.run("ampmap-conformance", "run", "--profile", "clients", *session.posargs)


@nox.session
def clients_2025_10(session: nox.Session) -> None:
    """The same with the SDKs of October 2025, when the edition's client was built."""
    if not session.virtualenv.is_sandboxed:
        session.error("old SDKs need an environment of their own: leave --no-venv out")
    session.install("-e", ".[conformance,clients]", "-c", "conformance/clients/october-2025.txt")
    session.run("ampmap-conformance", "run", "--profile", "clients", *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Send generated data through a proxy: `-- --max-examples 50`; without `--target` the embedded reference proxy."""
    install(session, "fuzz")
    session.run("ampmap-conformance", "run", "--profile", "fuzz", *session.posargs)


@nox.session
def fuzz_inputs(session: nox.Session) -> None:
    """Try the readers of URLs, answers, events and files on generated data; `-- --examples 5000` says how many each."""
    install(session, "dev")
    words = session.posargs
    examples = words[words.index("--examples") + 1] if "--examples" in words else "2000"
    session.run("pytest", "-n", "0", "conformance/tests/test_fuzz_inputs.py", env={"AMPMAP_FUZZ_EXAMPLES": examples})


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests of generator and conformance; `-- -k NAME` and other pytest arguments work."""
    install(session, "dev")
    session.run("pytest", *session.posargs)


@nox.session(python=PYTHONS)
def tests_on(session: nox.Session) -> None:
    """Run the tests on one version of Python: `nox -s tests_on-3.13`; `-- -k NAME` and other pytest arguments work."""
    install(session, "dev")
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session(python=PYTHONS[0], venv_backend="uv")
def lowest(session: nox.Session) -> None:
    """Run the tests with the lowest versions that pyproject.toml allows; pytest arguments work. Needs uv."""
    session.install("--upgrade", "--resolution", "lowest-direct", "-e", ".[dev]")
    session.run("ampmap", "build", "--check")
    session.run("ampmap-conformance", "run", "--report-dir", str(Path(session.create_tmp()) / "report"))
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Measure which lines and branches the tests reach, into build/coverage; a figure, and no gate."""
    install(session, "dev")
    out = BUILD / "coverage"
    out.mkdir(parents=True, exist_ok=True)
    session.run("coverage", "erase")
    # What measures itself is left out: it would measure coverage.py too.
    session.run("coverage", "run", "-m", "pytest", "-m", "not cost", *(session.posargs or ("-n", "auto")))
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "html", "--quiet")
    session.run("coverage", "json", "--quiet")
    totals = json.loads((out / "coverage.json").read_text(encoding="utf-8"))["totals"]
    kinds = (("lines", "covered_lines", "num_statements"), ("branches", "covered_branches", "num_branches"))
    rows = ["| Coverage | reached | |", "| --- | --- | --- |"]
    for kind, part, whole in kinds:
        rows.append(f"| {kind} | {totals[part]} of {totals[whole]} | {totals[part] / totals[whole]:.1%} |")
    summary = "\n".join(rows) + "\n"
    (out / "summary.md").write_text(summary, encoding="utf-8")
    session.log(f"open {out / 'html' / 'index.html'}\n{summary}")


@nox.session
def lock(session: nox.Session) -> None:
    """Write the exact versions and digests that the GitHub Action installs, into `conformance/locks`."""
    if session.virtualenv.is_sandboxed:
        session.install("uv>=0.9")
    project = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))
    build_tools = Path(session.create_tmp()) / "build-tools.in"
    build_tools.write_text("\n".join(project["build-system"]["requires"]) + "\n", encoding="utf-8")
    for name, extras in LOCKS.items():
        session.run(
            "uv", "pip", "compile", "--quiet", "--universal", "--python-version", PYTHONS[0], "--generate-hashes",
            "--no-header", "--no-annotate", *(f"--extra={extra}" for extra in extras), *session.posargs,
            "pyproject.toml", str(build_tools), "--output-file", f"conformance/locks/{name}.txt",
        )  # fmt: skip


@nox.session
def audit(session: nox.Session) -> None:
    """Look up known vulnerabilities of all that is installed; asks the advisory services of pip-audit and of npm."""
    install(session, "dev")
    session.install("pip-audit>=2.9,<3")
    installed = str(session.run("python", "-m", "pip", "freeze", "--exclude-editable", silent=True))
    frozen = Path(session.create_tmp()) / "installed.txt"
    frozen.write_text(installed, encoding="utf-8")
    # Strict: a package that the service does not know is an error, and not one package fewer.
    session.run("pip-audit", "--strict", "--disable-pip", "--no-deps", "-r", str(frozen), *session.posargs)
    if tools := script_tools(session):
        session.run("npm", "--prefix", str(tools), "audit", external=True)


@nox.session
def spec(session: nox.Session) -> None:
    """Validate the spec: shapes, references and policies; and refuse what breaks a released edition without a note."""
    install(session)
    session.run("ampmap", "validate", *session.posargs)
    for snapshot in sorted((HERE / "spec/released").glob("*.json")):
        accepted = ("--accepted", "spec/released/accepted.yaml")
        session.run("ampmap", "diff", f"spec/released/{snapshot.name}", snapshot.stem, "--spec", "spec", *accepted)


@nox.session
def drift(session: nox.Session) -> None:
    """Compare the committed generated files with what the spec gives now."""
    install(session)
    session.run("ampmap", "build", "--check")


@nox.session
def evidence(session: nox.Session) -> None:
    """Write conformance/evidence/manifest.json from a default run; `-- --check` compares it only."""
    install(session, "conformance")
    out = BUILD / "evidence"
    session.run("ampmap-conformance", "run", "--report-dir", str(out))
    manifest = ("--out", "conformance/evidence/manifest.json")
    session.run("ampmap-conformance", "manifest", str(out / "report.json"), *manifest, *session.posargs)


@nox.session
def proxies(session: nox.Session) -> None:
    """Test real proxies and write what is found to conformance/evidence; `-- litellm` tests that one alone.

    `-- --quick` tests those that take seconds; `-- --twice` tests each a second time, and both runs must be the same.
    """
    install(session, "conformance")
    session.run("python", "conformance/proxies/prove.py", *session.posargs)


@nox.session
def client(session: nox.Session) -> None:
    """Read and run a build of the Amp client from npm, and say what the spec does not: `-- VERSION`, or `-- latest`.

    It is installed outside of this checkout, in `--folder DIR` or the user's cache, without its install scripts, and
    runs with loopback alone. `--package NAME` is the npm package (default @sourcegraph/amp, else @ampcode/cli). What
    was found is in build/client; an error says that something differs.
    """
    install(session, "conformance")
    reader = argparse.ArgumentParser("nox -s client --")
    reader.add_argument("version", nargs="?", default="latest")
    reader.add_argument("--folder", type=Path)
    reader.add_argument("--package", default="@sourcegraph/amp")
    asked = reader.parse_args(session.posargs)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ampmap" / "clients"
    folder = (asked.folder or cache / asked.package.replace("/", "_") / asked.version).resolve()
    if folder.is_relative_to(HERE):
        session.error(f"--folder: {folder} is in the checkout, and no file of a client may be")
    folder.mkdir(parents=True, exist_ok=True)
    package = f"{asked.package}@{asked.version}"
    session.run("npm", "install", "--prefix", str(folder), *NPM_QUIET, package, external=True)
    session.run("python", ".ci/client_build.py", str(folder), str(BUILD / "client"), asked.version)


NPM_QUIET = ("--ignore-scripts", "--no-audit", "--no-fund", "--silent")


@nox.session
def defects(session: nox.Session) -> None:
    """Prove the suite by faulty, unusual and degenerate proxies; `-- --check` compares the committed files only.

    `-- --only DEFECT` tries one defect. `-- --touching RULE[,RULE]` tries the cases of a rule against all proxies that
    they can meet, in half a minute, and brings the files up to date; the whole takes a quarter of an hour.
    """
    install(session, "conformance")
    evidence = ("python", "-m", "ampmap_conformance.evidence")
    session.run(*evidence, "matrix", *session.posargs)
    if not any(word.startswith(("--only", "--touching")) for word in session.posargs):
        session.run(*evidence, "variants")
        session.run(*evidence, "degenerate", *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """Change the reference proxy's code in one place at a time, and see whether the suite notices: mutation testing.

    `-- --sample 300` judges a random sample, `-- --part 3/20` a part; what was judged is remembered in
    conformance/evidence/mutants.json. `-- --show routing.` lists mutants, `-- --only ID` judges one. The whole takes
    hours of processor time.
    """
    install(session, "dev")
    session.run("python", "conformance/mutants/run.py", *session.posargs)


@nox.session
def freeze(session: nox.Session) -> None:
    """Write for good which rules score in a release, and which of them it has first: `-- 0.1.0`, when it is made."""
    install(session, "conformance")
    session.run("python", "-m", "ampmap_conformance.evidence.freeze", *session.posargs)
    session.run("ampmap", "freeze", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure what ampmap costs beside what it builds on, into build/bench.md; a bar missed by half is an error.

    `-- --full` takes all measures. `-- --full --page site/docs/guides/speed.md` writes them into that page
    too. `-- --only growth` takes one; `-- --help` names them.
    """
    install(session, "bench")
    session.run("python", "conformance/bench/run.py", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """Prove the soak by faults that only load shows; `-- --each` tries every fault by itself, `-- --only ID` one."""
    install(session, "soak")
    session.run("python", "conformance/soak/prove.py", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, formatting, the import contracts, and that what is imported and what is declared are the same."""
    install(session, "dev")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")
    packages = ("generator/ampmap_generator", "conformance/ampmap_conformance")
    session.run("deptry", "--no-ansi", "--optional-dependencies-dev-groups", "dev", *packages)
    session.run("deptry", "--no-ansi", "generator", "conformance")
    if tools := script_tools(session):
        biome = str(tools / "node_modules/.bin/biome")
        session.run(biome, "check", "--config-path=site/biome.config.jsonc", *SCRIPTS, external=True)


def script_tools(session: nox.Session) -> Path | None:
    """The folder in build/ with the tools of site/package-lock.json; None without npm, which is an error in CI only.

    They are installed outside of `site`, since all that lies there goes into the wheel.
    """
    if shutil.which("npm") is None:
        if os.environ.get("CI"):
            session.error("npm is not installed (Debian: apt-get install npm)")
        session.warn("npm is not installed (Debian: apt-get install npm): JavaScript and CSS are not checked")
        return None
    tools = BUILD / "npm"
    tools.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(HERE / "site" / name, tools / name)
    session.run("npm", "--prefix", str(tools), "ci", "--silent", "--no-audit", "--no-fund", external=True)
    return tools


@nox.session
def languages(session: nox.Session) -> None:
    """Compile the types in TypeScript and Go strictly, and ask them for every route vector of three editions."""
    install(session)
    if shutil.which("go") is None:
        session.error("go is not installed (Debian: apt-get install golang-go)")
    tools = script_tools(session)
    script = "generator/tests/render/languages/compile.py"
    session.run("python", script, str(BUILD / "languages"), *([str(tools)] if tools else []))


@nox.session
def typecheck(session: nox.Session) -> None:
    """Check types with mypy --strict and pyright."""
    install(session, "dev")
    session.run("mypy")
    session.run("pyright")


@nox.session
def build(session: nox.Session) -> None:
    """Build wheel and sdist of both packages into build/dist, and check what is in them."""
    install(session, "dev")
    session.run("python", ".ci/archives.py", str(DIST), "--build")
    if session.virtualenv.is_sandboxed:
        session.run("python", ".ci/installs.py", str(DIST), "pip install ampmap-conformance")


@nox.session
def release(session: nox.Session) -> None:
    """Prove all of a release but its upload: `-- --check`. `-- --tag v0.1.0` also asks for what only a release does.

    That is: versions, licences, changelog, tag and commit; both packages, built twice with the same bytes; and each way
    to install them, in an empty folder and an environment of its own. The archives stay in build/dist.
    """
    words = session.posargs
    tag = words[1:] if words[:1] == ["--tag"] and len(words) == 2 else None
    if tag is None and words != ["--check"]:
        session.error("say `--check`, or `--tag v0.1.0`; pushing a tag publishes (see CONTRIBUTING.md)")
    install(session, "dev")
    if session.virtualenv.is_sandboxed:
        session.install(*RELEASE_TOOLS)
    session.run("python", ".ci/release.py", *(("--tag", tag[0]) if tag else ()))
    session.run("python", ".ci/archives.py", str(DIST), "--build", "--again")
    session.run("twine", "check", "--strict", *sorted(map(str, DIST.iterdir())))
    # Layers of editions repeat what they do not change, and a wheel may have two packages.
    session.run("check-wheel-contents", "--ignore", "W002,W009", *map(str, DIST.glob("ampmap-*.whl")))
    session.run("python", ".ci/installs.py", str(DIST))
