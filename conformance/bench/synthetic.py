"""Layers with many invented models, by which the cost of a build is measured as the spec grows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

MODELS_EACH = 35
"""Models of an invented provider."""

SOURCE = """\
title: Invented models, by which ampmap is measured
kind: document
version: "1"
"""

PROVIDER = """\
display_name: Invented provider {number}
via_proxy: true
base_path: /api/provider/{name}/v1
sdk: {{name: OpenAI SDK}}
roots:
  - {{path: "", upstream: ""}}
operations:
  openai-chat: [chat.completions, models.list]
default_operation: chat.completions
upstream: https://{name}.example.com/v1
upstream_credential: authorization-bearer
client_credentials: [authorization-bearer]
error_shape: openai
sources:
  - {{id: invented, at: Providers}}
"""

MODEL = """\
{name}-model-{number}:
  display_name: Invented model {number} of {name}
  wire_id: {name}/model-{number}
  sources:
    - {{id: invented, at: Models}}
"""


def files_of(models: int) -> Iterator[tuple[str, str]]:
    """The files of a layer with this many models, as path and text: always the same for the same number."""
    yield "sources/invented.yaml", SOURCE
    for number, first in enumerate(range(0, models, MODELS_EACH)):
        name = f"invented{number}"
        yield f"providers/{name}.yaml", PROVIDER.format(name=name, number=number)
        entries = (MODEL.format(name=name, number=each) for each in range(first, min(first + MODELS_EACH, models)))
        yield f"models/{name}.yaml", "".join(entries)


def write_layer(folder: Path, models: int) -> Path:
    """Writes a layer with this many models into a folder, and returns the folder."""
    for name, text in files_of(models):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
