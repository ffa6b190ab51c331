"""JSON in lines of a bounded length, as it stands in the vendored module."""

from __future__ import annotations

import json
from typing import Any

from ampmap_generator.render.json_text import short_lines
from hypothesis import example, given
from hypothesis import strategies as st

TEXTS = st.text(st.sampled_from("ab '\"\\\n\t é\u2028"), max_size=90)
VALUES: st.SearchStrategy[Any] = st.recursive(
    TEXTS | st.none() | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@example({"a key that is longer than a line": ["", "more than one line has"]}, 20)
@given(VALUES, st.integers(20, 60))
def test_lines_are_short_and_are_the_value_again_once_joined(value: Any, width: int) -> None:
    text = short_lines(value, width)
    lines = text.split("\n")

    assert json.loads(text.replace("\n", "")) == value
    assert max(map(len, lines)) <= width
    assert not any(line.endswith(" ") and line.strip() for line in lines), "editors remove spaces at the end of lines"
    assert "'''" not in text, "they would end the text that the module has them in"
