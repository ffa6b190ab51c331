"""The modules that users copy into their code, by language. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ...vendored.reference import Reference
from ...vendored.timeline import Timelines
from .golang import render_go
from .typescript import render_typescript

GENERATED: Final = b"enerated by `ampmap types"
"""By which the first file of a module is known as one that `ampmap types` wrote."""
HEAD: Final = 2048
"""Bytes at the beginning of that file in which it stands."""

OTHER_LANGUAGES: Final[Mapping[str, Callable[[Reference, Timelines], dict[str, bytes]]]] = {
    "typescript": render_typescript,
    "go": render_go,
}
"""The files of a module by language, Python apart; users name the first, and the others lie beside it."""
