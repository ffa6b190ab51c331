"""Rules on the form of what is sent on the wire, and is written into configurations of proxies, too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ..load.findings import Severity
from ..load.yaml_nodes import Pointer
from ..vendored.base import Shape
from ..vendored.catalogue import HeaderSet, ManagementRoute, Model
from ..vendored.wire import Endpoint, Provider
from .registry import Wrong, facts, rule
from .spec_index import SpecIndex

UPSTREAM: Final = re.compile(r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~%/{}-]*)?")
"""What an upstream's URL may be: a host, a port and a path without characters that mean something to a proxy."""

_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~%{}:@-]+)*")
_ROUTE: Final = re.compile(rf"{_PATH.pattern}(?:/\*)?")
_HEADER: Final = re.compile(r"[A-Za-z0-9-]+")
_MODEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]*")

_Part = tuple[Pointer, str, re.Pattern[str], str]
"""Where a text stands, the text, its form, and the form in words."""


@rule("upstream-url", Severity.ERROR)
def upstream_url(index: SpecIndex) -> Iterator[Wrong]:
    """The `upstream` of a provider is an http or https URL of a host, with an optional port and path, or `unknown`.

    It is written into configurations of proxies, where quotation marks, spaces and braces would be read as more.
    """
    for fact, provider in facts(index, Provider):
        if provider.upstream != "unknown" and not UPSTREAM.fullmatch(provider.upstream):
            yield Wrong(
                fact.locate(("upstream",)), "this is not the URL of an upstream", "e.g. https://api.example.com/v1"
            )


@rule("wire-form", Severity.ERROR)
def wire_form(index: SpecIndex) -> Iterator[Wrong]:
    """Paths, names of headers and ids of models hold only characters that they need on the wire.

    They are written into configurations of proxies, where spaces, quotation marks and `$` would be read as more.
    """
    for fact, value in facts(index, Shape):
        for pointer, text, form, words in _parts(value):
            if not form.fullmatch(text):
                yield Wrong(fact.locate(pointer), f"expected {words}")


def _parts(value: Shape) -> Iterator[_Part]:
    path = "a path such as `/v1/models`, of letters, digits and `._~%:@-`, without a slash at the end"
    match value:
        case Provider():
            if value.base_path is not None:
                yield ("base_path",), value.base_path, _PATH, path
            for at, root in enumerate(value.roots):
                yield ("roots", at, "path"), root.path, _PATH, path
                yield ("roots", at, "upstream"), root.upstream, _PATH, path
        case ManagementRoute():
            for at, route in enumerate(value.paths):
                yield ("paths", at), route, _ROUTE, f"{path}; `/*` may follow"
        case Endpoint():
            for name, operation in value.operations.items():
                yield ("operations", name, "path"), operation.path, _PATH, path
            for name in value.request_headers:
                yield ("request_headers", name), name, _HEADER, "the name of a header: letters, digits and `-`"
        case HeaderSet():
            for at, header in enumerate(value.headers):
                yield ("headers", at, "name"), header.name, _HEADER, "the name of a header: letters, digits and `-`"
        case Model(wire_id=str(wire_id)):
            yield ("wire_id",), wire_id, _MODEL, "an id of letters, digits and `._:/@+-`"
        case _:
            return
