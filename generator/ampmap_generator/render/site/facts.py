"""What every fact shows on its page: its fields, its sources and where they disagree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

from ...load.kinds import KINDS, PLATFORM_KINDS
from ...vendored.base import Claim, Fact, Json, Shape, SourceRef
from ...vendored.catalogue import Example
from ...vendored.reference import Reference
from ..addresses import anchor, platform_target, target_of
from ..json_text import compact
from ..markdown import Code, Table, code, codes, link, prose, value_text
from .spec_links import edit_mark

Field = tuple[str, str] | tuple[str, str, Callable[[Json], str]]
"""A field's name, its label and, where `value_text` is not right for it, how to show it."""

EVIDENCE = {
    "stated": "stated",
    "seen": "seen on the wire",
    "read": "read in code",
    "help": "from help text",
    "inferred": "inferred",
}

FOLDERS = {kind.name: kind.folder for kind in KINDS}


@dataclass(frozen=True)
class FactPlace:
    """A fact, with where the site shows it and which file of the spec states it."""

    kind: str
    key: str
    fact: Fact
    target: str
    """Page, or page#anchor."""
    stated_in: str

    @property
    def name(self) -> str:
        """Unique in the reference, e.g. `providers/groq`."""
        return f"{self.kind}/{self.key}"


def source_path(kind: str, key: str) -> str:
    """The file of the spec that states a fact; its folder if the key does not determine the file."""
    folder = FOLDERS[kind]
    if kind == "models":
        return f"spec/{folder}/{key.partition('/')[0]}.yaml"
    if kind == "requirements":
        return f"spec/{folder}/{key.partition('.')[0]}.yaml"
    if kind in ("settings", "management"):
        return f"spec/{folder}/"
    return f"spec/{folder}/{key}.yaml"


def fact_places(reference: Reference) -> Iterator[FactPlace]:
    """Every fact of the reference that can carry claims, in the order of the folder table."""
    yield FactPlace(
        "editions", reference.edition.id, reference.edition, "edition.md", f"spec/editions/{reference.edition.id}.yaml"
    )
    for kind in KINDS:
        if kind.name in ("sources", "editions"):
            continue
        for key, fact in getattr(reference, kind.name).items():
            yield FactPlace(kind.name, key, fact, target_of(kind.name, key), source_path(kind.name, key))
    for name, platform in reference.platforms.items():
        for kind in PLATFORM_KINDS:
            facts = {name: platform.about} if kind.name == "about" else getattr(platform, kind.name)
            for key, fact in facts.items():
                target = platform_target(name, kind.name, key)
                file = f"spec/platforms/{name}/{kind.name}.yaml"
                yield FactPlace(f"platforms/{name}/{kind.name}", key, fact, target, file)


def claim_anchor(name: str, claims: tuple[Claim, ...], index: int) -> str:
    """The anchor of a claim on the page of contradictions; a field claimed twice is numbered."""
    wanted = claims[index].field
    before = sum(claim.field == wanted for claim in claims[:index])
    return anchor(f"{name}.{wanted}") + (f".{before + 1}" if before else "")


@dataclass(frozen=True)
class Disagreement:
    """A claim, ready to be shown."""

    target: str
    anchor: str
    field: str
    fact: str
    says: Table
    chosen: str
    because: str
    status: str


@dataclass(frozen=True)
class FactSection:
    """A fact, ready to be shown under a heading of its own."""

    anchor: str
    title: str
    facts: Table
    lead: str = ""
    picture: str = ""
    """A drawing, as HTML."""
    warning: str = ""
    steps: tuple[str, ...] = ()
    lists: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Titled lists."""
    procedures: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = ()
    """Titled steps, with remarks on them."""
    tables: tuple[tuple[str, Table], ...] = ()
    """Titled tables."""
    code: tuple[Code, ...] = ()
    notes: tuple[str, ...] = ()
    sources: str = ""
    disagreements: tuple[Disagreement, ...] = ()
    edit: str = ""
    """A link to where the fact is stated."""
    former: tuple[str, ...] = ()
    """The anchors that it had before it was renamed."""


@dataclass(frozen=True)
class Page:
    """A page before it is rendered: its template and what the template shows."""

    path: str
    template: str
    title: str
    stated_in: tuple[str, ...]
    """Files or folders of the spec."""
    values: dict[str, object] = field(default_factory=dict)
    weight: float = 1
    """How much its hits count in the site's search, against those of other pages; 0 leaves it out.

    What repeats other pages is left out, since its many hits would stand before those that a reader means.
    """
    wide: bool = False
    """Whether its tables take the place of the table of contents."""
    scripts: tuple[str, ...] = ()
    """Scripts that this page alone needs, by the names of their files without the ending, in the order of their use."""


@dataclass(frozen=True)
class Shelf:
    """The reference as seen from one page: links are relative to it."""

    reference: Reference
    here: str

    def link(self, text: str, target: str) -> str:
        """A link from this page; `text` is Markdown."""
        return link(text, target, self.here)

    def to(self, kind: str, key: str, text: str | None = None) -> str:
        """A link to a fact, by its id unless `text`, which is Markdown, is given."""
        return self.link(text or code(key), target_of(kind, key))

    def to_name(self, kind: str, key: str, text: str | None = None) -> str:
        """As `to` where the reference has the fact, plain code where it does not."""
        return self.to(kind, key, text) if key in getattr(self.reference, kind) else text or code(key)

    def finder(self, query: str) -> str:
        """A link to the route finder that has its answer to a query."""
        up = "../" * (self.here.removesuffix("index.md").count("/") + (not self.here.endswith("index.md")))
        return f'<a href="{up or "./"}?q={quote(query)}">open it in the route finder</a>'

    def source(self, source: str) -> str:
        """A link to a source by its id."""
        return self.link(code(source), f"sources.md#{anchor(source)}")

    def marks(self, *facts: Fact | tuple[SourceRef, ...]) -> str:
        """The sources of a table's row as numbers, each a link to its entry."""
        numbers = {source: number for number, source in enumerate(self.reference.sources, 1)}
        refs = [ref for fact in facts for ref in (fact.sources if isinstance(fact, Fact) else fact)]
        ids = sorted({ref.id for ref in refs}, key=lambda source: numbers[source])
        return " ".join(self.link(str(numbers[source]), f"sources.md#{anchor(source)}") for source in ids)

    def cited(self, refs: Iterable[SourceRef]) -> str:
        """The sources of an entry, with where each says it and for which fields."""
        return "; ".join(f"{self.source(ref.id)}{_details(ref)}" for ref in refs)

    def disagreements(self, name: str, fact: Fact) -> tuple[Disagreement, ...]:
        """The claims of a fact that is called `name` in the reference."""
        return tuple(
            Disagreement(
                target=self.link("all contradictions", f"contradictions.md#{place}"),
                anchor=place,
                field=claim.field,
                fact=name,
                says=Table(("Source", "Says"), tuple((self.source(s), claimed_text(v)) for s, v in claim.says.items())),
                chosen=claimed_text(claim.chosen),
                because=prose(claim.because),
                status=claim.status,
            )
            for index, claim in enumerate(fact.claims)
            for place in [claim_anchor(name, fact.claims, index)]
        )

    def entry(
        self,
        name: str,
        fact: Fact,
        fields: Iterable[Field],
        *,
        title: str,
        at: str | None = None,
        rows: tuple[tuple[str, str], ...] = (),
        tables: tuple[tuple[str, Table], ...] = (),
        lists: tuple[tuple[str, tuple[str, ...]], ...] = (),
        lead: str = "",
        picture: str = "",
        steps: tuple[str, ...] = (),
        former: tuple[str, ...] = (),
    ) -> FactSection:
        """A fact as an entry: `name` as in `FactPlace.name`, `title` and `lead` in Markdown, `former` earlier anchors.

        Notes, a warning and examples are taken from the fact where its shape has them.
        """
        examples: tuple[Example, ...] = getattr(fact, "examples", ())
        return FactSection(
            anchor=at or anchor(fact.id),
            title=title,
            facts=Table(("", ""), (*field_rows(fact, fields), *lifecycle_rows(fact), *rows)),
            lead=lead,
            picture=picture,
            warning=prose(getattr(fact, "warning", None) or ""),
            steps=steps,
            lists=tuple((label, items) for label, items in lists if items),
            tables=tuple((label, table) for label, table in tables if table.rows),
            code=tuple(Code(prose(e.title), e.language, e.text.rstrip("\n")) for e in examples),
            notes=tuple(prose(note) for note in getattr(fact, "notes", ())),
            sources=self.cited(fact.sources),
            disagreements=self.disagreements(name, fact),
            edit=edit_mark(name),
            former=(*_former_anchors(fact), *former),
        )


def _former_anchors(fact: Fact) -> tuple[str, ...]:
    lifecycle = getattr(fact, "lifecycle", None)
    return (anchor(lifecycle.renamed_from),) if lifecycle is not None and lifecycle.renamed_from else ()


def lifecycle_rows(fact: Fact) -> tuple[tuple[str, str], ...]:
    """What becomes of a fact from edition to edition, where the spec says so."""
    lifecycle = getattr(fact, "lifecycle", None)
    return () if lifecycle is None else field_rows(lifecycle, _LIFECYCLE_FIELDS)


def field_rows(fact: Shape, fields: Iterable[Field]) -> tuple[tuple[str, str], ...]:
    """Label and value of those fields that the spec states; an absent field gives no row."""
    rows = []
    for name, label, *rest in fields:
        if name in fact.model_fields_set:
            show = rest[0] if rest else value_text
            rows.append((label, show(getattr(fact, name))))
    return tuple(rows)


def claimed_text(value: Json) -> str:
    """A claimed value. A mapping gives what several places of one source say."""
    if isinstance(value, dict) and value and all(isinstance(item, str) for item in value.values()):
        return "; ".join(f"{prose(str(place))}: {value_text(item)}" for place, item in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(
            code(compact(item)) if isinstance(item, dict) else value_text(item) for item in value
        ) or value_text(value)
    return value_text(value)


def code_value(value: Json) -> str:
    """An identifier, or a list of them, as code; None and unknown as `value_text` has them."""
    if value is None or value == "unknown":
        return value_text(value)
    return codes(tuple(value)) if isinstance(value, tuple) else code(str(value))


_LIFECYCLE_FIELDS: tuple[Field, ...] = (
    ("status", "Status"),
    ("since", "Since"),
    ("successor", "Replaced by", code_value),
    ("renamed_from", "Renamed from", code_value),
    ("replaces", "Replaces", code_value),
)


def yes_or_no(value: Json) -> str:
    """A truth value in a word."""
    return "yes" if value else "no"


def _details(ref: SourceRef) -> str:
    parts = [prose(ref.at)] if ref.at else []
    if ref.quote:
        parts.append(f"“{prose(ref.quote)}”")
    if ref.states:
        parts.append(f"for {codes(ref.states)}")
    if ref.evidence != "stated":
        parts.append(EVIDENCE[ref.evidence])
    return f" ({', '.join(parts)})" if parts else ""
