"""The schema of target files: what an editor accepts is what `target check` accepts."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml
from ampmap_conformance.errors import UsageError
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.target import target as targets
from ampmap_conformance.target.schema import schema_of_target_files
from ampmap_conformance.target.starter import target_file
from jsonschema import Draft202012Validator

Command: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]
HEAD = "name: x\nbase_url: http://p\n"
TEXTS = [
    ("", True),
    ("providers: [groq, openai]\n", True),
    ("providers: [grok]\n", False),
    ("providers: {groq: amp, xai: {served_by: none}, google: {body: translated, upstream_dialects: [gemini]}}\n", True),
    ("providers: {grok: amp}\n", False),
    ("providers: {groq: nobody}\n", False),
    ("providers: {google: {upstream_dialects: [chat]}}\n", False),
    ("policy: {body: {openai-chat: rewritten}, lists: amp, routing: model, client_key: amp}\n", True),
    ("policy: {body: {chat: rewritten}}\n", False),
    ("policy: {browser_pages: {root-auth: redirected}}\n", True),
    ("policy: {browser_pages: {auth: redirected}}\n", False),
    ("policy: {bodies: verbatim}\n", False),
    ("mounts: {openrouter: /x}\n", False),
    ("mappings: [{from: a, to: b, regex: true}]\n", True),
    ("reload: {command: [a], seconds: 61}\n", False),
]


@pytest.fixture(scope="module")
def schema(reference: Reference) -> dict[str, Any]:
    made = schema_of_target_files(reference)
    Draft202012Validator.check_schema(made)
    return made


@pytest.mark.parametrize(("text", "valid"), TEXTS)
def test_an_editor_accepts_what_the_kit_accepts(
    text: str, valid: bool, schema: dict[str, Any], reference: Reference, tmp_path: Path
) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(HEAD + text, encoding="utf-8")
    try:
        targets.load(file, reference, {})
        loaded = True
    except UsageError:
        loaded = False
    assert (loaded, Draft202012Validator(schema).is_valid(yaml.safe_load(HEAD + text))) == (valid, valid)


def test_the_starter_keeps_to_the_schema_that_the_command_prints(command: Command, reference: Reference) -> None:
    done = command("target", "schema")
    assert done.returncode == 0
    Draft202012Validator(json.loads(done.stdout)).validate(yaml.safe_load(target_file("https://p", reference)))
