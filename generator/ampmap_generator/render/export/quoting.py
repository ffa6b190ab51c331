"""Texts of the spec in the quotation marks of each format, so that a text stays one text. Pure.

Tests let nginx, Caddy and HAProxy themselves read hostile texts in these forms.
"""

from __future__ import annotations

import json
import re

from .shapes import ExportError

_PLACEHOLDER = re.compile(r'\{(?!")')


def nginx(text: str) -> str:
    """In single quotes. Raises ExportError for a dollar sign, which nginx and envsubst would read as a variable."""
    _refuse(text, "nginx", "$")
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def caddy(text: str) -> str:
    """In backquotes, with placeholders escaped. Raises ExportError for what cannot be escaped there.

    A brace before a quotation mark begins no placeholder, so that JSON stays readable.
    """
    _refuse(text, "Caddy", "`")
    _refuse(text, "Caddy", "{$")
    return "`" + _PLACEHOLDER.sub(r"\\{", text) + "`"


def haproxy(text: str) -> str:
    """In single quotes, as a log format: `%` is doubled, and an apostrophe stands outside of the quotes."""
    return "'" + text.replace("'", "'\\''").replace("%", "%%") + "'"


def yaml(text: str) -> str:
    """In double quotes."""
    return json.dumps(text)


def _refuse(text: str, where: str, sign: str) -> None:
    if sign in text:
        raise ExportError(
            f"`{sign}` cannot stand in a text of {where}; change this error of the spec: {json.dumps(text)}"
        )
