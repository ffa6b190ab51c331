"""Builds the vendorable module: the text of `vendored/`, ids narrowed to literals, data included."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterable, Mapping
from importlib import resources

from ..compile import facts_alone
from ..vendored.reference import Reference
from ..vendored.timeline import Timelines
from .json_text import data_lines, short_lines
from .templates import environment

PARTS = (
    "base", "editions", "wire", "templates", "meanings", "conditions", "catalogue", "platforms", "remedies",
    "reference", "spelling", "lookups", "names", "routing", "timeline", "auth",
)  # fmt: skip
WIDTH = 120
"""Most characters of a line."""
TIMELINE = "timeline"
"""The part that only a module with timelines has."""
IDS_BEGIN = "# ids: narrowed to literals in the generated module\n"
IDS_END = "# end of ids\n"
PACKAGED = re.compile(r"^# packaged: .*?^# end of packaged\n+", re.MULTILINE | re.DOTALL)
"""What stands in the generator for a function that the template has."""
_IMPORTS = (ast.Import, ast.ImportFrom)
_SUFFIXES = {"_DATA": ".json", "_TIMELINES": "_timelines.json"}
"""What the names of files with the data end with, by the name that the data has in the module."""


def render_types(
    reference: Reference,
    timelines: Timelines | None = None,
    *,
    open_ids: bool = False,
    data_beside: str | None = None,
) -> dict[str, bytes]:
    """The vendorable module, one file. With `open_ids` it reads references that have other ids than this one too.

    With `timelines` it also tells where a name goes in the other editions. With `data_beside`, the name of the module's
    file without its suffix, the data is not in the module but in files of JSON that lie beside it.
    """
    parts = sources()
    own = {"DIGEST", "EDITION", "reference", "resolve_auth_mode"}
    if timelines is None:
        del parts[TIMELINE]
    else:
        own |= {"timeline", "timelines"}
    data = facts_alone(reference)
    ids = {
        "SourceId": list(reference.sources),
        "ProviderId": list(reference.providers),
        "DialectId": list(reference.endpoints),
        "OperationId": list(dict.fromkeys(name for e in reference.endpoints.values() for name in e.operations)),
        "ModelId": list(dict.fromkeys(model.id for model in reference.models.values())),
        "AgentModeId": list(reference.agent_modes),
        "ErrorShapeId": list(reference.error_shapes),
    }
    tables = {"_DATA": data}
    if timelines is not None:
        tables["_TIMELINES"] = timelines.model_dump(mode="json", exclude_defaults=True)
    files = {name: f"{data_beside}{suffix}" for name, suffix in _SUFFIXES.items() if data_beside and name in tables}
    needs = "from functools import cache" + ("\nfrom pathlib import Path" if files else "")
    text = (
        environment("types")
        .get_template("types.py.j2")
        .render(
            edition=reference.edition.id,
            client_build=reference.edition.client_build,
            digest=data["digest"],
            imports=imports({**parts, "": needs}),
            body=body(parts, None if open_ids else ids),
            tables={} if files else {name: short_lines(table, WIDTH) for name, table in tables.items()},
            files=files,
            timelines=timelines is not None,
            public_names=sorted({*public_names(parts), *own}, key=_as_import_sorters_do),
        )
    )
    beside = {file: f"{data_lines(tables[name])}\n".encode() for name, file in files.items()}
    return {"types.py": text.encode(), **beside}


def sources() -> dict[str, str]:
    """The text of each vendored part, by name, in dependency order."""
    folder = resources.files("ampmap_generator") / "vendored"
    return {part: (folder / f"{part}.py").read_text(encoding="utf-8") for part in PARTS}


def imports(parts: Mapping[str, str]) -> str:
    """The absolute imports of all parts, merged and sorted: those of the standard library, then the others."""
    plain: set[str] = set()
    names: dict[str, set[str]] = {}
    for node in (node for text in parts.values() for node in ast.parse(text).body):
        if isinstance(node, ast.Import):
            plain |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module != "__future__":
            names.setdefault(str(node.module), set()).update(alias.name for alias in node.names)
    standard, others = _by_origin({*plain, *names})
    return "\n\n".join(
        "\n".join(
            [f"import {name}" for name in section if name in plain]
            + [
                f"from {name} import {', '.join(sorted(names[name], key=_as_import_sorters_do))}"
                for name in section
                if name in names
            ]
        )
        for section in (standard, others)
    )


def _by_origin(modules: Iterable[str]) -> tuple[list[str], list[str]]:
    found: tuple[list[str], list[str]] = [], []
    for name in sorted(modules):
        found[name.partition(".")[0] not in sys.stdlib_module_names].append(name)
    return found


def _as_import_sorters_do(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def body(parts: dict[str, str], ids: dict[str, list[str]] | None) -> str:
    """The definitions of all parts, without docstrings of modules and imports.

    The aliases of ids are narrowed to `ids`; without them any text is an id.
    """
    text = PACKAGED.sub("", "\n\n".join(_definitions(part) for part in parts.values()))
    before, _, rest = text.partition(IDS_BEGIN)
    aliases, _, after = rest.partition(IDS_END)
    return before + (aliases if ids is None else _literals(ids)) + after


def public_names(parts: dict[str, str]) -> list[str]:
    """Every class, function and alias that users may import, sorted."""
    found = set()
    for node in (node for text in parts.values() for node in ast.parse(text).body):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return sorted(name for name in found if not name.startswith("_"))


def _definitions(text: str) -> str:
    lines = text.splitlines(keepends=True)
    docstring, *rest = ast.parse(text).body
    last = max(node.end_lineno or 0 for node in (docstring, *rest) if node is docstring or isinstance(node, _IMPORTS))
    return "".join(lines[last:]).strip() + "\n"


def _literals(ids: dict[str, list[str]]) -> str:
    return "".join(
        f"{alias}: TypeAlias = Literal[\n" + "".join(f"    {json.dumps(value)},\n" for value in values) + "]\n"
        for alias, values in ids.items()
    )
