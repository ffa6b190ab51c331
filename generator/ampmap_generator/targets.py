"""Which targets there are, and what renders each, in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from .query.timelines import timelines
from .render.editor_schemas import render_schema
from .render.languages.golang import render_go
from .render.languages.route_vectors import render_route_vectors
from .render.languages.typescript import render_typescript
from .render.openapi.document import render_openapi
from .render.reference_files import render_reference
from .render.site.spec_links import SpecFiles
from .render.site.whole_site import llms_of, render_docs
from .render.types_module import render_types
from .render.vectors.vectors import render_vectors
from .render.write import Files
from .vendored.reference import Reference


@dataclass(frozen=True)
class Compiled:
    """What targets are rendered from: the reference of the edition that was asked for, and that of every edition."""

    reference: Reference
    editions: Mapping[str, Reference]
    """By id: the base first, then in the order of their builds."""
    stated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Per file of the spec to which layers add something, those that state it, as in `Spec.stated`."""
    files: SpecFiles = field(default_factory=SpecFiles)
    """The files of the spec, and where in them each fact of the reference stands."""

    @cached_property
    def site(self) -> Files:
        """The files of the site, rendered once for all targets that need them."""
        return render_docs(self.reference, self.editions, self.stated, self.files)


TARGETS: dict[str, Callable[[Compiled], Files]] = {
    "docs": lambda compiled: compiled.site,
    "types": lambda compiled: render_types(compiled.reference, open_ids=True),
    "reference": lambda compiled: render_reference(compiled.reference, compiled.editions),
    "openapi": lambda compiled: render_openapi(compiled.reference, compiled.editions),
    "vectors": lambda compiled: render_vectors(compiled.reference),
    "typescript": lambda compiled: render_typescript(compiled.reference, timelines(compiled.editions)),
    "go": lambda compiled: render_go(compiled.reference, timelines(compiled.editions)),
    "route-vectors": lambda compiled: render_route_vectors(compiled.editions),
    "schema": lambda compiled: render_schema(compiled.editions),
    "llms": lambda compiled: llms_of(compiled.site),
}
