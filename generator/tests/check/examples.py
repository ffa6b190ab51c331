"""For every rule one example that breaks it at a known place, and one that keeps it."""

from __future__ import annotations

from ampmap_tests_support.specs import GOOD

from .example import FLOW, HEADED, MODEL, PRICED, PRICES, SET_AT, SOURCE, STREAMED, Example, changed, meanings
from .loader_examples import LOADER_EXAMPLES

EXAMPLES: dict[str, Example] = {
    **LOADER_EXAMPLES,
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
    "release-version": Example(
        "spec/releases.yaml:1:1",
        {"releases.yaml": "'0.1': {requirements: [routing.reached]}\n"},
        {"releases.yaml": "0.1.0: {requirements: [routing.reached]}\n"},
    ),
    "released-twice": Example(
        "spec/releases.yaml:2:24",
        {"releases.yaml": "0.1.0: {requirements: [routing.reached]}\n0.2.0: {requirements: [routing.reached]}\n"},
        {"releases.yaml": "0.1.0: {requirements: [routing.reached]}\n0.2.0: {requirements: [routing.refused]}\n"},
    ),
    "released-id": Example(
        "spec/releases.yaml:1:24",
        {"releases.yaml": "0.1.0: {requirements: [routing.gone]}\n"},
        {
            "releases.yaml": "0.1.0: {requirements: [routing.gone, routing.old]}\n"
            "0.2.0: {requirements: [], dropped: {routing.gone: It asked for what no source states.}}\n",
            **changed("requirements/routing.yaml", "refused:\n", "refused:\n  formerly: [routing.old]\n"),
        },
    ),
    "stated-since": Example(
        "spec/requirements/routing.yaml:3:10",
        changed("requirements/routing.yaml", "  basis: standard", "  since: 0.1.0\n  basis: standard"),
        {"releases.yaml": "0.1.0: {requirements: [routing.reached]}\n"},
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
