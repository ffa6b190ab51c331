"""The modules that users copy into their code, by language. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ...vendored.reference import Reference
from ..types_module import render_types
from .golang import render_go
from .typescript import render_typescript

GENERATED: Final = b"enerated by `ampmap types"
"""By which the first file of a module is known as one that `ampmap types` wrote."""
HEAD: Final = 2048
"""Bytes at the beginning of that file in which it stands."""

MODULES: Final[Mapping[str, Callable[[Reference], dict[str, bytes]]]] = {
    "python": render_types,
    "typescript": render_typescript,
    "go": render_go,
}
"""The files of a module by language; the first is the one that users name, and the others lie beside it."""
