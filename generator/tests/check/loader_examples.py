"""Examples of the rules on files, YAML, shapes, editions, layers and suppressions."""

from __future__ import annotations

import os

from ampmap_tests_support.specs import GOOD

from .example import FLOW, LATER, MODEL, OLD, SETTING, SOURCE, SUPPRESSION, Example, changed

LOADER_EXAMPLES: dict[str, Example] = {
    # files and folders
    "no-spec": Example("", spoil=lambda spec: spec.rename(spec.parent / "elsewhere")),
    "unreadable-file": Example(
        "spec/sources/x.yaml:1:1",
        {"sources/x.yaml": SOURCE},
        {"sources/x.yaml": SOURCE},
        lambda spec: ((spec / "sources/x.yaml").unlink(), os.mkfifo(spec / "sources/x.yaml")),
    ),
    "symlink": Example(
        "spec/sources/x.yaml:1:1",
        good={"sources/x.yaml": SOURCE},
        spoil=lambda spec: (spec / "sources/x.yaml").symlink_to("map.yaml"),
    ),
    "file-too-large": Example(
        "spec/sources/x.yaml:1:1",
        {"sources/x.yaml": SOURCE + "#" * 2**20},
        {"sources/x.yaml": SOURCE + "#" * (2**20 - len(SOURCE))},
    ),
    "unknown-folder": Example("spec/source:1:1", {"source/x.yaml": SOURCE}, {"sources/x.yaml": SOURCE}),
    "unknown-file": Example("spec/sources/x.yml:1:1", {"sources/x.yml": SOURCE}, {"sources/x.yaml": SOURCE}),
    "file-name": Example("spec/sources/X.yaml:1:1", {"sources/X.yaml": SOURCE}, {"sources/x.yaml": SOURCE}),
    # text and YAML
    "not-utf8": Example(
        "spec/sources/x.yaml:1:11",
        {"sources/x.yaml": b"title: caf\xe9\nkind: document\n"},
        {"sources/x.yaml": "title: caf\u00e9\nkind: document\n"},
    ),
    "control-character": Example(
        "spec/sources/x.yaml:1:8",
        {"sources/x.yaml": "title: \x07\nkind: document\n"},
        {"sources/x.yaml": 'title: "\\x07"\nkind: document\n'},
    ),
    "tab": Example(
        "spec/sources/x.yaml:1:7",
        {"sources/x.yaml": "title:\tT\nkind: document\n"},
        {"sources/x.yaml": 'title: "\\tT"\nkind: document\n'},
    ),
    "syntax": Example(
        "spec/sources/x.yaml:1:9",
        {"sources/x.yaml": "title: a: b\nkind: document\n"},
        {"sources/x.yaml": 'title: "a: b"\nkind: document\n'},
    ),
    "duplicate-key": Example(
        "spec/sources/x.yaml:3:1", {"sources/x.yaml": SOURCE + "title: U\n"}, {"sources/x.yaml": SOURCE}
    ),
    "anchor": Example(
        "spec/sources/x.yaml:1:8", {"sources/x.yaml": "title: &a T\nkind: document\n"}, {"sources/x.yaml": SOURCE}
    ),
    "tag": Example(
        "spec/sources/x.yaml:1:8",
        {"sources/x.yaml": "title: !!str 3\nkind: document\n"},
        {"sources/x.yaml": "title: '3'\nkind: document\n"},
    ),
    "too-many-values": Example(
        "spec/settings/x.yaml:2:59963",
        {
            "settings/x.yaml": "a: {kind: setting, meaning: m, type: t, sources: [{id: map}],\n values: ["
            + "1, " * 19_987
        },
        {"settings/x.yaml": "a: {kind: setting, meaning: m, type: t, sources: [{id: map}],\n values: [1, 1]}\n"},
    ),
    "too-deep": Example(
        "spec/settings/x.yaml:1:134",
        {"settings/x.yaml": SETTING.format("[" * 64 + "]" * 64)},
        {"settings/x.yaml": SETTING.format("[" * 62 + "]" * 62)},
    ),
    "number-range": Example(
        "spec/settings/x.yaml:1:72",
        {"settings/x.yaml": SETTING.format("1e999")},
        {"settings/x.yaml": SETTING.format("1e99")},
    ),
    "complex-key": Example("spec/sources/x.yaml:1:3", {"sources/x.yaml": "? [a]\n: b\n"}, {"sources/x.yaml": SOURCE}),
    # shapes
    "not-a-mapping": Example("spec/sources/x.yaml:1:1", {"sources/x.yaml": "- a\n"}, {"sources/x.yaml": SOURCE}),
    "injected-field": Example(
        "spec/sources/x.yaml:3:1", {"sources/x.yaml": SOURCE + "id: x\n"}, {"sources/x.yaml": SOURCE}
    ),
    "unknown-field": Example(
        "spec/sources/x.yaml:3:1",
        {"sources/x.yaml": SOURCE + "verson: a\n"},
        {"sources/x.yaml": SOURCE + "version: a\n"},
    ),
    "missing-field": Example("spec/sources/x.yaml:1:1", {"sources/x.yaml": "title: T\n"}, {"sources/x.yaml": SOURCE}),
    "wrong-type": Example(
        "spec/sources/x.yaml:3:10",
        {"sources/x.yaml": SOURCE + "version: 1.2\n"},
        {"sources/x.yaml": SOURCE + "version: '1.2'\n"},
    ),
    "wrong-value": Example(
        "spec/sources/x.yaml:2:7", {"sources/x.yaml": "title: T\nkind: paper\n"}, {"sources/x.yaml": SOURCE}
    ),
    "id-form": Example(
        "spec/models/acme.yaml:8:1",
        {"models/acme.yaml": GOOD["models/acme.yaml"] + "../x:\n" + MODEL},
        {"models/acme.yaml": GOOD["models/acme.yaml"] + "x/y:\n" + MODEL},
    ),
    "duplicate-id": Example(
        "spec/settings/more.yaml:1:1", {"settings/more.yaml": GOOD["settings/all.yaml"]}, {"sources/x.yaml": SOURCE}
    ),
    # editions and layers
    "removes-nothing": Example(
        "spec/editions/later/models/acme.yaml:1:1",
        {"editions/later/models/acme.yaml": "gpt-z: null\n"},
        {"editions/later/flows/f.yaml": FLOW},
    ),
    "edition-base": Example(
        "spec/editions/later.yaml:4:7",
        changed(LATER, "base: first", "base: null"),
        changed(LATER, "title: L", "title: Later"),
    ),
    "edition-cycle": Example(
        "spec/editions/later.yaml:4:7",
        changed(LATER, "base: first", "base: later"),
        changed(LATER, "title: L", "title: Later"),
    ),
    "edition-depth": Example(
        "spec/editions/fourth.yaml:4:7",
        {
            f"editions/{name}.yaml": GOOD[LATER].replace("first", base)
            for name, base in (("second", "later"), ("third", "second"), ("fourth", "third"))
        },
        {"editions/second.yaml": GOOD[LATER].replace("first", "later")},
    ),
    # suppressions
    "suppression-unused": Example(
        "spec/suppressions.yaml:1:1",
        {"suppressions.yaml": SUPPRESSION + '"2027-01-01"\n'},
        {"suppressions.yaml": SUPPRESSION + '"2027-01-01"\n', "sources/map.yaml": OLD},
    ),
    "suppression-expired": Example(
        "spec/suppressions.yaml:5:12",
        {"suppressions.yaml": SUPPRESSION + '"2026-11-20"\n', "sources/map.yaml": OLD},
        {"suppressions.yaml": SUPPRESSION + '"2026-11-21"\n', "sources/map.yaml": OLD},
    ),
    "suppression-invalid": Example(
        "spec/suppressions.yaml:2:9",
        {"suppressions.yaml": SUPPRESSION.replace("old-source", "old-sauce") + '"2027-01-01"\n'},
        {"suppressions.yaml": SUPPRESSION + '"2027-01-01"\n', "sources/map.yaml": OLD},
    ),
}
