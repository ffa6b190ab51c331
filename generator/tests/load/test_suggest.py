"""Hints name what somebody may have meant, and nothing that only ends alike."""

from __future__ import annotations

import pytest
from ampmap_generator.load.suggest import closest

SOURCES = ("anthropic-docs", "cerebras-docs", "groq-docs", "rensei-anthropic", "rfc-9112", "xai-docs")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("antropic-docs", "anthropic-docs"),
        ("groc-docs", "groq-docs"),
        ("Cerebras", "cerebras-docs"),
        ("rensei-antropic", "rensei-anthropic"),
        ("rfc-9111", "rfc-9112"),
        ("mistral-docs", None),
        ("kimi-docs", None),
        ("", None),
    ],
)
def test_only_a_name_that_is_alike_is_suggested(typed: str, meant: str | None) -> None:
    assert closest(typed, SOURCES) == meant
