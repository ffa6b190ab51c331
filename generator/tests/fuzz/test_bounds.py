"""Hostile files take bounded time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from ampmap_tests_support.specs import GOOD

MIB = 2**20

SETTING = b"a: {kind: setting, meaning: m, type: t, sources: [{id: map}], default: "

HOSTILE: dict[str, tuple[str, bytes]] = {
    "short items": ("sources/h.yaml", b"- a\n" * (MIB // 4)),
    "short keys": ("settings/h.yaml", b"".join(b"k%06d: 1\n" % number for number in range(100_000))),
    "the same key": ("sources/h.yaml", b"a: 1\n" * (MIB // 5)),
    "lists in lists": ("sources/h.yaml", b"a: " + b"[" * MIB),
    "lists side by side": ("settings/h.yaml", SETTING + b"[" + (b"[" * 50 + b"]" * 50 + b", ") * 9_000 + b"]}"),
    "mappings in mappings": ("sources/h.yaml", b"{a: " * (MIB // 4)),
    "block mappings": ("settings/h.yaml", b"".join(b" " * depth + b"a:\n" for depth in range(1_400))),
    "keys of keys": ("sources/h.yaml", b"? " * (MIB // 2)),
    "colons": ("sources/h.yaml", b"a: b: " * (MIB // 6)),
    "one word": ("sources/h.yaml", b"title: a\nkind: " + b"x" * MIB),
    "one name": ("providers/h.yaml", b"x" * (MIB - 10) + b": 1\n"),
    "one number": ("settings/h.yaml", SETTING + b"9" * (MIB - 100) + b"}"),
    "one quoted text": ("sources/h.yaml", b'title: "' + b"\\n" * (MIB // 2 - 100) + b'"\nkind: document\n'),
    "one text of many lines": ("sources/h.yaml", b"title: a\n" + b"  b\n" * (MIB // 4 - 100)),
    "comments": ("sources/h.yaml", b"#\n" * (MIB // 2)),
    "tabs": ("sources/h.yaml", b"\t\n" * (MIB // 2)),
    "control characters": ("sources/h.yaml", b"\x07\n" * (MIB // 2)),
    "no UTF-8": ("sources/h.yaml", b"\xff" * MIB),
    "anchors": (
        "sources/h.yaml",
        b"a: &a [x, x]\n" + b"".join(b"b%d: &b%d [*a, *a]\n" % (n, n) for n in range(40_000)),
    ),
    "wrong entries": ("models/acme.yaml", b"".join(b"m%d: {dispaly_name: x}\n" % n for n in range(3_900))),
    "entries without a source": ("models/acme.yaml", b"".join(b"m%d: {display_name: x}\n" % n for n in range(4_900))),
    "unknown names": (
        "models/acme.yaml",
        b"".join(b"m%d: {display_name: x, sources: [{id: mop%d}]}\n" % (n, n) for n in range(2_000)),
    ),
    "unknown fields": (
        "flows/h.yaml",
        b"display_name: F\nsteps: [a]\nsources: [{id: map, states: ["
        + b", ".join(b"steps.%d.nam" % number for number in range(18_000))
        + b"]}]\n",
    ),
    "many claims": (
        "flows/h.yaml",
        b"display_name: F\nsteps: [a]\nsources: [{id: map}]\nclaims:\n"
        + b"  - {field: steps, says: {mop: 1}, chosen: 2, because: b}\n" * 1_500,
    ),
}

MEASURE = """
import json, resource, sys, time
from pathlib import Path
from ampmap_generator.check.all_editions import examine, texts_of
from ampmap_generator.load.findings import RENDERERS, Report
from ampmap_generator.load.spec import load
from ampmap_generator.check.suppressions import apply

def peak():
    # MiB. Linux counts what the parent held into ru_maxrss, so the figure of this process alone comes first.
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    own = [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
    return (own or [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss])[0] // 1024

for folder in map(Path, sys.argv[1:]):
    begin = time.process_time()
    spec, read = load(folder)
    findings, _ = apply(spec, examine(spec, read))
    for render in RENDERERS.values():
        render(Report(findings, texts_of(spec)))
    seconds = time.process_time() - begin
    print(json.dumps([folder.parent.name, len(findings), seconds, peak()]))
"""


@pytest.mark.long
@pytest.mark.cost
def test_hostile_files_take_bounded_time_and_memory(tmp_path: Path) -> None:
    """Seconds of processor time, and MiB of one process that reads them all."""
    folders = []
    for name, (path, content) in HOSTILE.items():
        folder = tmp_path / name / "spec"
        for good, text in GOOD.items():
            (folder / good).parent.mkdir(parents=True, exist_ok=True)
            (folder / good).write_text(text, encoding="utf-8")
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content[:MIB])
        folders.append(str(folder))

    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *folders], capture_output=True, text=True, check=False, timeout=300
    )

    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row[0] for row in rows] == list(HOSTILE)
    assert [(name, seconds) for name, _, seconds, _ in rows if seconds > 5] == []
    assert rows[-1][3] < 300
    harmless = [name for name, findings, *_ in rows if not findings]
    assert harmless == ["one quoted text"]
