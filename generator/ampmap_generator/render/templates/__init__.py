"""The templates of the targets, a folder each, and how they are read.

It may import nothing of the generator.
"""

from __future__ import annotations

import jinja2


def environment(target: str) -> jinja2.Environment:
    """Templates of one target. An undefined name in a template is an error, never an empty string."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader(__name__, target),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        autoescape=False,  # noqa: S701 - renders Python and Markdown, no HTML from outside
    )
