"""What an example of a rule is, and pieces of which examples are made."""

from __future__ import annotations

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
