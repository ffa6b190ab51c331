"""References as files: what was released, and the notes on changes of it that are meant."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..load import rules
from ..load.files import MAX_FILE_SIZE
from ..load.findings import Finding, Location
from ..load.spec_only_shapes import AcceptedChange
from ..load.validate import validate
from ..load.yaml_nodes import parse
from .changes import EDITION, Plain

_NEEDED = ("digest", EDITION, "providers", "models")


class NotAReferenceError(ValueError):
    """The file is not a compiled reference."""


def read_reference(path: Path) -> Plain:
    """A `reference.json` as plain data. Raises NotAReferenceError, or OSError.

    Its shapes are not checked: it may have been written by an older or newer version.
    """
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise NotAReferenceError(f"{path} is not valid JSON; expected a compiled `reference.json`") from None
    if not isinstance(value, dict) or not all(name in value for name in _NEEDED) or not _is_sound(value):
        raise NotAReferenceError(
            f"{path} is not a compiled reference; expected a `reference.json` that `ampmap build reference` wrote"
        )
    return value


def _is_sound(value: Mapping[str, Any]) -> bool:
    """Whether the parts that a comparison relies on have their form."""
    edition, platforms = value[EDITION], value.get("platforms", {})
    if not isinstance(platforms, dict) or not all(isinstance(platform, dict) for platform in platforms.values()):
        return False
    kinds: list[Any] = [kind for name, kind in value.items() if name != "platforms" and isinstance(kind, dict)]
    kinds += [kind for platform in platforms.values() for name, kind in platform.items() if name not in ("id", "about")]
    facts = [fact for kind in kinds if kind is not edition and isinstance(kind, dict) for fact in kind.values()]
    facts += [platform["about"] for platform in platforms.values() if "about" in platform]
    return (
        all(isinstance(mapping, dict) for mapping in (*kinds, *facts, edition))
        and isinstance(edition.get("id"), str)
        and isinstance(value["digest"], str)
    )


def read_accepted(path: Path) -> tuple[dict[str, AcceptedChange], list[Finding], str]:
    """The accepted changes in a file by their names, what is wrong with it, and its text. Raises OSError."""
    data = path.read_bytes()
    if len(data) > MAX_FILE_SIZE:
        return {}, [rules.FILE_TOO_LARGE.broken(Location(path.name, 1, 1), f"{len(data)} bytes")], ""
    text = data.decode("utf-8", "replace")
    root, findings = parse(text, path.name)
    accepted = {}
    if root is not None and not isinstance(root.value, dict):
        findings.append(rules.NOT_A_MAPPING.broken(root.location, "the file must contain a mapping"))
    elif root is not None:
        for name, node in root.children():
            if not isinstance(node.value, dict):
                message = f"`{name}` must be a mapping with fields"
                findings.append(rules.NOT_A_MAPPING.broken(node.key_location, message))
                continue
            change, wrong = validate(AcceptedChange, node, {"id": str(name)})
            findings += wrong
            if change is not None:
                accepted[str(name)] = change
    return accepted, findings, text
