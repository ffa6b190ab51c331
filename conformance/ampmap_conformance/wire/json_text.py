"""Reads JSON of the other side, which may be anything: what the kit cannot work with is invalid JSON, and no error."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

DEEPEST = 200
"""Levels of nesting that are read: far more than any call has, and few enough for functions that call themselves."""
_TOKENS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]', re.DOTALL)


def loads(data: str | bytes, *, number: Callable[[str], Any] | None = None) -> Any:
    """The value in a JSON text; `number` reads its numbers in place of int and float.

    Raises json.JSONDecodeError for what is not valid JSON, and for what is not to be worked with: nesting beyond
    `DEEPEST`, a number of thousands of digits, half of a surrogate pair.
    """
    try:
        text = data if isinstance(data, str) else data.decode(json.detect_encoding(data))
    except UnicodeDecodeError:
        raise json.JSONDecodeError("the text is not UTF-8", "", 0) from None
    try:
        value = json.loads(text, parse_int=number, parse_float=number)
        too_deep = _is_too_deep(text)  # which takes longer than to find that a text is not JSON at all
    except RecursionError:
        value, too_deep = None, True
    except json.JSONDecodeError as error:
        raise json.JSONDecodeError(error.msg, text[: error.pos + 1], error.pos) from None  # not all of it is kept
    except ValueError:
        raise json.JSONDecodeError("a number has too many digits", "", 0) from None
    if too_deep:
        raise json.JSONDecodeError(f"the nesting is deeper than {DEEPEST} levels", "", 0)
    if "\\ud" in text or "\\uD" in text:
        try:
            json.dumps(value, ensure_ascii=False, default=str).encode()
        except UnicodeEncodeError:
            raise json.JSONDecodeError("an escape is half of a surrogate pair", "", 0) from None
    return value


def _is_too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= DEEPEST:
        return False
    depth = 0
    for token in _TOKENS.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth > DEEPEST:
                return True
        elif token[0] in "]}":
            depth -= 1
    return False
