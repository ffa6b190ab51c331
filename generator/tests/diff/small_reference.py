"""A reference with one fact of several kinds, and changes of it."""

from __future__ import annotations

from typing import Any

from ampmap_generator.diff.changes import ABSENT

Plain = dict[str, Any]
"""A reference as JSON holds it."""
BASE = "amp-0.0.1760587291"
LATER = "amp-0.0.1767830505"


def small() -> Plain:
    """A reference with one fact of several kinds."""
    return {
        "schema_version": 1,
        "digest": "sha256:0",
        "edition": {"id": "first", "built": "2025"},
        "sources": {"map": {"id": "map", "title": "T"}},
        "providers": {
            "acme": {
                "id": "acme",
                "display_name": "Acme",
                "base_path": "/api/provider/acme",
                "client_credentials": ["authorization-bearer"],
                "operations": {"chat": ["chat.completions", "models.list"]},
                "roots": [{"path": "", "upstream": ""}, {"path": "/v1", "upstream": "/v1"}],
                "sdk": {"name": "SDK"},
                "warning": None,
                "upstream": "https://acme.example",
            },
            "zen": {"id": "zen", "base_path": "/api/provider/zen"},
        },
        "models": {"acme/m": {"id": "m", "provider": "acme", "display_name": "M"}},
        "agent_modes": {"smart": {"id": "smart", "model": "m", "provider": "acme"}},
        "headers": {
            "sent": {
                "id": "sent",
                "providers": ["acme", "zen"],
                "headers": [{"name": "amp-id", "value": "{id}"}, {"name": "Accept", "value": "*/*"}],
            }
        },
        "settings": {"amp.model": {"id": "amp.model", "default": "m", "values": ["m"]}},
        "requirements": {"r.one": {"id": "r.one", "level": "should", "statement": "s"}},
        "platforms": {
            "p": {"id": "p", "about": {"id": "p", "summary": "s"}, "rules": {"x": {"id": "x", "values": {}}}}
        },
    }


def changed(path: str, value: Any) -> Plain:
    """The small reference with another value, or none, at a path whose steps are joined by `>`."""
    reference = small()
    *way, last = path.split(">")
    place: Any = reference
    for step in way:
        place = place[int(step)] if isinstance(place, list) else place[step]
    step = int(last) if isinstance(place, list) else last
    if value is ABSENT:
        del place[step]
    else:
        place[step] = value
    return reference
