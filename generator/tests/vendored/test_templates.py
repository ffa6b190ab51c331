"""One template writes JSON with values and reads the values back."""

from __future__ import annotations

from typing import Any

import pytest
from ampmap_generator.vendored.templates import filled, found, placeholders

FILLED: dict[str, tuple[Any, dict[str, Any], Any]] = {
    "a value keeps its type": ({"a": "{limit}"}, {"limit": 5}, {"a": 5}),
    "a text around a value": (
        "data:{media_type};base64,{data}",
        {"media_type": "x/y", "data": "Q"},
        "data:x/y;base64,Q",
    ),
    "a member without its value": ({"a": "{text}", "b": 1}, {}, {"b": 1}),
    "an object of nothing": ({"a": {"b": "{text?}"}, "c": 1}, {}, {"c": 1}),
    "an empty object": ({"a": {}, "b": []}, {}, {"a": {}, "b": []}),
    "null stays": ({"a": None, "b": "{text}"}, {"text": ""}, {"a": None, "b": ""}),
}
FOUND: dict[str, tuple[Any, Any, list[dict[str, Any]]]] = {
    "each item of a list": ([{"t": "x", "v": "{text}"}],
                            [{"t": "x", "v": "1"}, {"t": "y", "v": "2"}, {"t": "x", "v": "3"}],
                            [{"text": "1"}, {"text": "3"}]),
    "more members than asked for": ({"a": "{text}"}, {"a": "1", "b": 2}, [{"text": "1"}]),
    "a word that must be there": ({"role": "user", "a": "{text}"}, {"a": "1"}, []),
    "true that must be there": ({"on": True, "a": "{text}"}, {"a": "1"}, []),
    "a number that need not be there": ({"index": 0, "a": "{text}"}, {"a": "1"}, [{"text": "1"}]),
    "null that must not be there": ({"thought": None, "a": "{text}"}, {"thought": True, "a": "1"}, []),
    "a value of another kind": ({"a": "{text}"}, {"a": ["1"]}, []),
    "a truth value is not a number": ({"a": "{limit}"}, {"a": True}, []),
    "a missing value": ({"a": "{text}"}, {"a": None}, []),
    "a value that may be missing": ({"a": "{text}", "b": {"c": "{id?}"}}, {"a": "1"}, [{"text": "1"}]),
    "a text of another form": ({"a": "x:{text}"}, {"a": "y:1"}, []),
    "something else altogether": ({"a": "{text}"}, "DONE", []),
    "a text alone": ("DONE", "DONE", [{}]),
}  # fmt: skip


@pytest.mark.parametrize(("template", "values", "expected"), FILLED.values(), ids=FILLED)
def test_a_template_is_filled(template: Any, values: dict[str, Any], expected: Any) -> None:
    assert filled(template, values) == expected


@pytest.mark.parametrize(("template", "data", "expected"), FOUND.values(), ids=FOUND)
def test_a_template_finds_its_values(template: Any, data: Any, expected: list[dict[str, Any]]) -> None:
    assert [dict(finding.values) for finding in found(template, data)] == expected


def test_a_finding_knows_its_item() -> None:
    (one, other) = found({"a": [{"b": [{"c": "{text}"}]}]}, {"a": [{"b": [{"c": "1"}]}, {"b": [{"c": "2"}]}]})

    assert one.place == ("a", 0, "b", 0, "c")
    assert other.item == ("a", 1, "b", 0)


def test_keys_may_be_spelt_in_snake_case() -> None:
    template, data = {"maxTokens": "{limit}"}, {"max_tokens": 5}

    assert found(template, data) == []
    assert [finding.values for finding in found(template, data, snake_case=True)] == [{"limit": 5}]


def test_words_need_not_be_there_where_only_values_are_asked_for() -> None:
    shape = {"type": "error", "error": {"message": "{message}"}, "request_id": "req_1"}

    assert [f.values for f in found(shape, {"error": {"message": "m"}}, literals=False)] == [{"message": "m"}]


def test_placeholders_say_which_must_have_a_value() -> None:
    assert placeholders({"a": "{id?}", "b": ["{text}", {"c": "{id}"}]}) == {"id": True, "text": True}
