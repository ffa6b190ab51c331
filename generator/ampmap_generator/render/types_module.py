"""Builds the vendorable module: the text of `vendored/`, ids narrowed to literals, data included."""

from __future__ import annotations

import ast
import json
import re
from importlib import resources

from ..compile import facts_alone
from ..vendored.reference import Reference
from ..vendored.timeline import Timelines
from .json_text import data_lines
from .templates import environment

PARTS = (
    "base", "editions", "wire", "templates", "meanings", "conditions", "catalogue", "platforms", "remedies",
    "reference", "name_index", "names", "routing", "timeline", "auth",
)  # fmt: skip
TIMELINE = "timeline"
"""The part that only a module with timelines has."""
IDS_BEGIN = "# ids: narrowed to literals in the generated module\n"
IDS_END = "# end of ids\n"
PACKAGED = re.compile(r"^# packaged: .*?^# end of packaged\n+", re.MULTILINE | re.DOTALL)
"""What stands in the generator for a function that the template has."""
_IMPORTS = (ast.Import, ast.ImportFrom)


def render_types(
    reference: Reference, timelines: Timelines | None = None, *, open_ids: bool = False
) -> dict[str, bytes]:
    """The vendorable module, one file. With `open_ids` it reads references that have other ids than this one too.

    With `timelines` it also tells where a name goes in the other editions.
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
    text = (
        environment("types")
        .get_template("types.py.j2")
        .render(
            edition=reference.edition.id,
            client_build=reference.edition.client_build,
            digest=data["digest"],
            imports=imports({**parts, "": "from functools import cache"}),
            body=body(parts, None if open_ids else ids),
            data=data_lines(data),
            timelines=timelines and data_lines(timelines.model_dump(mode="json", exclude_defaults=True)),
            public_names=sorted({*public_names(parts), *own}),
        )
    )
    return {"types.py": text.encode()}


def sources() -> dict[str, str]:
    """The text of each vendored part, by name, in dependency order."""
    folder = resources.files("ampmap_generator") / "vendored"
    return {part: (folder / f"{part}.py").read_text(encoding="utf-8") for part in PARTS}


def imports(parts: dict[str, str]) -> str:
    """The absolute imports of all parts, merged and sorted."""
    plain: set[str] = set()
    names: dict[str, set[str]] = {}
    for node in (node for text in parts.values() for node in ast.parse(text).body):
        if isinstance(node, ast.Import):
            plain |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module != "__future__":
            names.setdefault(str(node.module), set()).update(alias.name for alias in node.names)
    lines = [f"import {name}" for name in sorted(plain)]
    lines += [f"from {module} import {', '.join(sorted(names[module]))}" for module in sorted(names)]
    return "\n".join(lines)


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
