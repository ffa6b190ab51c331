"""For every rule one example that breaks it at a known place, and one that keeps it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ampmap_generator.vendored.meanings import AnswerMeanings, Place, RequestMeanings, Step, StreamMeanings
from ampmap_tests_support.specs import GOOD

SOURCE = "title: T\nkind: document\n"
FLOW = "display_name: F\nsteps: [one]\nsources: [{id: map}]\n"
MODEL = "  display_name: M\n  sources: [{id: map}]\n"
LATER = "editions/later.yaml"
PRICED = "  provider: claude\n  model_id: x\n  display_name: X\n  sources: [{id: map}]\n  pricing: "
PRICES = "platforms/rensei/models.yaml"
SUPPRESSION = "s:\n  rule: old-source\n  path: sources/map\n  reason: r\n  expires: "
SETTING = "a: {{kind: setting, meaning: m, type: t, sources: [{{id: map}}], default: {}}}\n"
SET_AT = 'a: {{kind: setting, meaning: m, type: t, default: d, sources: [{{id: map, at: "{}"}}]}}\n'
HEADED = SOURCE + 'headings: [Models, "Example: two models"]\n'
OLD = SOURCE + 'date: "2020"\n'


def changed(path: str, old: str, new: str) -> dict[str, str | bytes]:
    """A good file with something else in it."""
    assert old in GOOD[path]
    return {path: GOOD[path].replace(old, new, 1)}


FRAMING = 'streaming: {content_type: t, event_line: none, newline: "\\n", terminator: null, order: o}'
STREAMED: dict[str, str | bytes] = {
    "endpoints/chat.yaml": str(GOOD["endpoints/chat.yaml"])
    .replace("    model_in: body\n", "    model_in: body\n    stream: {by: body, field: stream}\n")
    .replace("streaming: null", FRAMING)
}


def meanings(model: str = "{none: The path tells it.}", operation: str = "chat.completions") -> dict[str, str | bytes]:
    """A file of meanings for the good dialect, in which only the model may have a place."""
    none = "{none: It is not said.}"
    lines = ["display_name: Chat", f"operation: {operation}", "error_shape: plain", "request:", f"  model: {model}"]
    for part, shape in (("request", RequestMeanings), ("answer", AnswerMeanings), ("stream", StreamMeanings)):
        lines += [] if part == "request" else [f"{part}:"]
        names = [name for name, field in shape.model_fields.items() if field.annotation in (Place, Step)]
        lines += [f"  {name}: {none}" for name in names if (part, name) != ("request", "model")]
    return {"meanings/chat.yaml": "\n".join([*lines, "sources: [{id: map}]", ""])}


def nothing(_: Path) -> None:
    """Files alone make the example."""


@dataclass(frozen=True)
class Example:
    """Files beside or instead of the good ones that break a rule `at` one place, and files that keep it.

    `spoil` and `mend` do to the written folder what files cannot say.
    """

    at: str
    bad: Mapping[str, str | bytes] = field(default_factory=dict)
    good: Mapping[str, str | bytes] = field(default_factory=dict)
    spoil: Callable[[Path], object] = nothing


EXAMPLES: dict[str, Example] = {
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
    # references
    "unknown-reference": Example(
        "spec/agent_modes/smart.yaml:3:11",
        changed("agent_modes/smart.yaml", "provider: acme", "provider: acne"),
        changed("agent_modes/smart.yaml", "smart one", "smart mode"),
    ),
    "ambiguous-reference": Example(
        "spec/agent_modes/smart.yaml:2:8",
        {"models/other.yaml": GOOD["models/acme.yaml"], "providers/other.yaml": GOOD["providers/acme.yaml"]},
        {
            "models/other.yaml": GOOD["models/acme.yaml"],
            "providers/other.yaml": GOOD["providers/acme.yaml"],
            **changed("agent_modes/smart.yaml", "gpt-x", "acme/gpt-x"),
        },
    ),
    "model-provider": Example(
        "spec/agent_modes/smart.yaml:2:8",
        {
            "models/other.yaml": "gpt-o:\n" + MODEL,
            "providers/other.yaml": GOOD["providers/acme.yaml"].replace("served_through: acme\n", ""),
            **changed("agent_modes/smart.yaml", "gpt-x", "gpt-o"),
        },
        {
            "models/other.yaml": "gpt-o:\n" + MODEL,
            "providers/other.yaml": GOOD["providers/acme.yaml"],
            **changed("agent_modes/smart.yaml", "gpt-x", "gpt-o"),
        },
    ),
    "case-collision": Example(
        "spec/models/acme.yaml:8:1",
        {"models/acme.yaml": GOOD["models/acme.yaml"] + "GPT-X:\n" + MODEL},
        {"models/acme.yaml": GOOD["models/acme.yaml"] + "GPT-Z:\n" + MODEL},
    ),
    "missing-about": Example(
        "spec/platforms/p/rules.yaml:1:1",
        {"platforms/p/rules.yaml": "r:\n  topic: t\n  statement: s\n  sources: [{id: map}]\n"},
        {
            "platforms/p/rules.yaml": "r:\n  topic: t\n  statement: s\n  sources: [{id: map}]\n",
            "platforms/p/about.yaml": "display_name: P\nsummary: s\nsources: [{id: map}]\n",
        },
    ),
    # where facts come from
    "missing-source": Example(
        "spec/flows/f.yaml:1:1", {"flows/f.yaml": "display_name: F\nsteps: [a]\n"}, {"flows/f.yaml": FLOW}
    ),
    "claim-chosen-unsaid": Example(
        "spec/flows/f.yaml:4:65",
        {"flows/f.yaml": FLOW + "claims: [{field: steps, says: {map: [two]}, because: b, chosen: [one]}]\n"},
        {"flows/f.yaml": FLOW + "claims: [{field: steps, says: {map: {a: one}}, because: b, chosen: [one]}]\n"},
    ),
    "claim-chosen-differs": Example(
        "spec/flows/f.yaml:4:68",
        {"flows/f.yaml": FLOW + "claims: [{field: display_name, says: {map: G}, because: b, chosen: G}]\n"},
        {"flows/f.yaml": FLOW + "claims: [{field: display_name, says: {map: F}, because: b, chosen: F}]\n"},
    ),
    "source-date": Example(
        "spec/sources/map.yaml:3:7",
        {"sources/map.yaml": SOURCE + "date: last May\n"},
        {"sources/map.yaml": SOURCE + 'date: "2026-05"\n'},
    ),
    "old-source": Example(
        "spec/sources/map.yaml:3:7",
        {"sources/map.yaml": SOURCE + 'date: "2025-11-19"\n'},
        {"sources/map.yaml": SOURCE + 'date: "2025-11-20"\n'},
    ),
    "unknown-heading": Example(
        "spec/settings/s.yaml:1:77",
        {"sources/map.yaml": HEADED, "settings/s.yaml": SET_AT.format("Fallback behaviour")},
        {"sources/map.yaml": HEADED, "settings/s.yaml": SET_AT.format("Whole page; Models, a table; Example")},
    ),
    # routing
    "base-path-form": Example(
        "spec/providers/acme.yaml:4:12",
        {
            path: GOOD[path].replace("/api/provider/acme", "/api/acme")
            for path in ("providers/acme.yaml", "agent_modes/smart.yaml", "tools/oracle.yaml")
        },
        {
            path: GOOD[path].replace("/api/provider/acme", "/api/provider/acme/v1")
            for path in ("providers/acme.yaml", "agent_modes/smart.yaml", "tools/oracle.yaml")
        },
    ),
    "mode-endpoint": Example(
        "spec/agent_modes/smart.yaml:4:11",
        changed("agent_modes/smart.yaml", "provider/acme", "provider/acme/v1"),
        changed("agent_modes/smart.yaml", "smart one", "smart mode"),
    ),
    "upstream-url": Example(
        "spec/providers/acme.yaml:10:11",
        changed("providers/acme.yaml", "https://acme.example\n", "'https://acme.example/\"; } server { x'\n"),
        changed("providers/acme.yaml", "https://acme.example\n", "http://[::1]:8080/v1/{project}\n"),
    ),
    "wire-form": Example(
        "spec/providers/acme.yaml:6:16",
        changed("providers/acme.yaml", 'path: ""', "path: '/v1; x'"),
        changed("providers/acme.yaml", 'path: ""', "path: '/v1/{project}/a:b'"),
    ),
    "provider-without-operation": Example(
        "spec/providers/other.yaml:7:1",
        {"providers/other.yaml": GOOD["providers/acme.yaml"].replace("chat: [chat.completions]", "chat: []")},
        {"providers/other.yaml": GOOD["providers/acme.yaml"]},
    ),
    # from edition to edition
    "successor-unsaid": Example(
        "spec/models/acme.yaml:8:23",
        {"models/acme.yaml": GOOD["models/acme.yaml"] + "  lifecycle: {status: deprecated, since: null}\n"},
        {
            "models/acme.yaml": GOOD["models/acme.yaml"]
            + "  lifecycle: {status: deprecated, since: null, successor: null}\n"
        },
    ),
    "own-successor": Example(
        "spec/models/acme.yaml:8:59",
        {
            "models/acme.yaml": GOOD["models/acme.yaml"]
            + "  lifecycle: {status: deprecated, since: null, successor: gpt-y}\n"
        },
        {
            "models/acme.yaml": GOOD["models/acme.yaml"]
            + "  lifecycle: {status: deprecated, since: null, successor: gpt-x}\n"
        },
    ),
    "status-undated": Example(
        "spec/models/acme.yaml:8:39",
        {
            "models/acme.yaml": GOOD["models/acme.yaml"]
            + "  lifecycle: {status: retired, since: last June, successor: null}\n"
        },
        {
            "models/acme.yaml": GOOD["models/acme.yaml"]
            + "  lifecycle: {status: retired, since: '2026-06', successor: null}\n"
        },
    ),
    # models
    "output-limit": Example(
        "spec/models/acme.yaml:8:35",
        {"models/acme.yaml": GOOD["models/acme.yaml"] + "  limits: {context: 1000, output: 1001}\n"},
        {"models/acme.yaml": GOOD["models/acme.yaml"] + "  limits: {context: 1000, output: 1000}\n"},
    ),
    # prices
    "price-unit": Example(
        "spec/platforms/rensei/models.yaml:6:20",
        {PRICES: "x:\n" + PRICED + "{input: 3}\n"},
        {PRICES: "x:\n" + PRICED + "{inputPerMTokenCents: 3, flatUsd: null}\n"},
    ),
    "price-outlier": Example(
        "spec/platforms/rensei/models.yaml:24:34",
        {
            PRICES: "".join(f"m{price}:\n{PRICED}{{inputPerMTokenCents: {price}}}\n" for price in (250, 300, 1500))
            + f"m:\n{PRICED}{{inputPerMTokenCents: 3}}\n"
        },
        {
            PRICES: "".join(f"m{price}:\n{PRICED}{{inputPerMTokenCents: {price}}}\n" for price in (250, 300, 1500))
            + f"m:\n{PRICED}{{inputPerMTokenCents: 30}}\n"
        },
    ),
    # wire contracts
    "closed-schema": Example(
        "spec/endpoints/chat.yaml:8:44",
        changed(
            "endpoints/chat.yaml",
            "    model_in: body\n",
            "    model_in: body\n    request_schema: {additionalProperties: false}\n",
        ),
        changed(
            "endpoints/chat.yaml", "    model_in: body\n", "    model_in: body\n    request_schema: {type: object}\n"
        ),
    ),
    "schema-reference": Example(
        "spec/endpoints/chat.yaml:8:34",
        changed(
            "endpoints/chat.yaml",
            "    model_in: body\n",
            '    model_in: body\n    event_schema: {items: {$ref: "#/$defs/chunk"}}\n',
        ),
        changed("endpoints/chat.yaml", "    model_in: body\n", "    model_in: body\n    event_schema: {items: {}}\n"),
    ),
    # meanings
    "meaning-missing": Example("spec/endpoints/chat.yaml:1:1", STREAMED, STREAMED | meanings()),
    "meaning-dialect": Example(
        "spec/meanings/chat.yaml:2:12",
        STREAMED | meanings(operation="talk"),
        STREAMED | meanings(),
    ),
    "meaning-place": Example(
        "spec/meanings/chat.yaml:5:19",
        STREAMED | meanings('{forms: [{model: "{modle}"}], sources: [{id: map}]}'),
        STREAMED | meanings('{forms: [{model: "{model}"}], sources: [{id: map}]}'),
    ),
    "meaning-round-trip": Example(
        "spec/meanings/chat.yaml:5:10",
        STREAMED | meanings('{forms: [{model: "{model}"}], written: {name: "{model}"}, sources: [{id: map}]}'),
        STREAMED | meanings('{forms: [{model: "{model}"}], written: {model: "{model}"}, sources: [{id: map}]}'),
    ),
    # requirements
    "requirement-id": Example(
        "spec/requirements/routing.yaml:10:1",
        changed("requirements/routing.yaml", "routing.refused:", "refused:"),
        changed("requirements/routing.yaml", "routing.refused:", "routing.turned-away:"),
    ),
    "negative-needs-control": Example(
        "spec/requirements/routing.yaml:17:3",
        changed("requirements/routing.yaml", "  control: routing.reached\n", ""),
        changed("requirements/routing.yaml", "  negative: true\n", ""),
    ),
    "former-id": Example(
        "spec/requirements/routing.yaml:11:14",
        changed("requirements/routing.yaml", "routing.refused:\n", "routing.refused:\n  formerly: [routing.reached]\n"),
        changed("requirements/routing.yaml", "routing.refused:\n", "routing.refused:\n  formerly: [routing.no-door]\n"),
    ),
    "ungated-must": Example(
        "spec/requirements/routing.yaml:3:10",
        changed("requirements/routing.yaml", "basis: standard", "basis: one-implementation"),
        changed("requirements/routing.yaml", "basis: standard", "basis: one-implementation\n  claim: mapping"),
    ),
    "plain-statement": Example(
        "spec/requirements/routing.yaml:5:14",
        changed("requirements/routing.yaml", "The proxy forwards every call.", "Every call is forwarded."),
        changed(
            "requirements/routing.yaml", "The proxy forwards every call.", "With a key, the proxy forwards a call."
        ),
    ),
    "missing-remedy": Example(
        "spec/requirements/routing.yaml:4:3",
        changed("requirements/routing.yaml", "severity: low", "severity: high"),
        changed("requirements/routing.yaml", "severity: low", "severity: high\n  remedy: Forward every call."),
    ),
    "remedy-source": Example(
        "spec/remedies/gate.yaml:8:20",
        changed("sources/manual.yaml", "url: https://gate.example/manual\n", ""),
        changed("sources/manual.yaml", "/manual", "/manual/2"),
    ),
    "remedy-twice": Example(
        "spec/remedies/gate.yaml:5:37",
        changed("remedies/gate.yaml", "[routing.reached]", "[routing.reached, routing.reached]"),
        changed("remedies/gate.yaml", "[routing.reached]", "[routing.reached, routing.refused]"),
    ),
    "invalid-mark": Example(
        "spec/remedies/gate.yaml:2:35",
        changed("remedies/gate.yaml", "^Gate", ".*"),
        changed("remedies/gate.yaml", "^Gate", ".+"),
    ),
    "plain-remedy": Example(
        "spec/remedies/gate.yaml:6:13",
        changed("remedies/gate.yaml", "Forward every call.", "Forward every call"),
        changed("remedies/gate.yaml", "Forward every call.", "Forward every call. Keep its body."),
    ),
}
