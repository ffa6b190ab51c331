"""Evidence that makers and users of a proxy hand in: what a file must be to be taken in, and how it stands by level.

A file is not trusted. What can be computed from it is computed again, and what the kit knows is compared with the kit.
Only another run shows that a count was not made up, so each file names where its proxy can be had.
"""

from __future__ import annotations

import datetime
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from pydantic import ValidationError

from ..engine.plan import proxy_rules
from ..reference.types import ClaimName, Reference, Requirement, tier_of
from ..target.file import Policy
from ..verdicts import EXECUTED, Verdict
from .implementation import NO_CASE, Evidence, Row, verdict_of_counts

MOST_BYTES: Final = 1 << 20
FOLDER: Final = "conformance/evidence/implementations"
"""Where submitted files are in a checkout."""
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_TITLE: Final = re.compile(r"[^\x00-\x1f\x7f<>&`\[\]\\|*]{1,80}")
_VERSION: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}")
_URL: Final = re.compile(r"https://[0-9A-Za-z.-]+(?::\d+)?(?:/[0-9A-Za-z._~/%#?=&+-]*)?")
_MOST_TEXT: Final = 4000
MOST_LINES: Final = 20
"""How many problems are told of one file."""
_SECRETS: Final = re.compile(
    r"\b(?:sk|csk|xai|fw|gsk|pplx|sgamp)[-_][A-Za-z0-9_-]{16,}|\bAIza[A-Za-z0-9_-]{30,}|\bgh[pousr]_[A-Za-z0-9]{20,}"
    r"|\bAKIA[A-Z0-9]{16}\b|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|(?i:bearer)\s+[A-Za-z0-9._~+/-]{16,}|://[^/\s@]+:[^/\s@]+@"
)
"""What keys of providers and of Amp look like, tokens, and passwords in URLs."""


@dataclass(frozen=True)
class Standing:
    """How many of the rules that were tested a proxy keeps in every case."""

    kept: int
    tested: int

    def __str__(self) -> str:
        return f"{self.kept} of {self.tested}"


def standings(made: Evidence, reference: Reference) -> dict[str, Standing]:
    """How a proxy stands in the core, and by level in all rules that the reference has."""
    rows = {name: row for name, row in made.requirements.items() if name in reference.requirements}
    parts: dict[str, list[Row]] = {"core": [], "must": [], "should": [], "may": []}
    for name, row in rows.items():
        rule = reference.requirements[name]
        parts[rule.level].append(row)
        if tier_of(rule) == "core":
            parts["core"].append(row)
    return {part: _standing(found) for part, found in parts.items()}


def _standing(rows: list[Row]) -> Standing:
    tested = [row.verdict for row in rows if row.verdict in EXECUTED]
    return Standing(sum(verdict is Verdict.PASS for verdict in tested), len(tested))


def read(data: str) -> tuple[Evidence | None, list[str]]:
    """A submitted file, or why it cannot be read."""
    try:
        return Evidence.model_validate(json.loads(data, object_pairs_hook=_no_key_twice)), []
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[:MOST_LINES]
        return None, [f"{_shown('.'.join(map(str, each['loc'])))}: {each['msg']}" for each in wrong]
    except (ValueError, RecursionError) as error:
        return None, [f"the file is not valid JSON: {error}"]


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise ValueError(f"the key `{_shown(twice)}` stands twice in one object")
    return found


def problems(made: Evidence, *, stem: str, reference: Reference, kit: str, today: datetime.date) -> Iterator[str]:
    """Why a submitted file is not taken in, one line for each reason.

    `stem` is the name of its file without `.json`, `reference` that of its edition in this kit, of version `kit`.
    """
    yield from _about(made, stem, today)
    yield from _texts(made)
    if made.kit.version != kit:
        yield f"kit.version: the run was by kit {_shown(made.kit.version)}, and this one is {kit}: run it again"
    if made.reference.digest != reference.digest:
        yield f"reference.digest: this kit has {reference.digest} for edition {made.reference.edition}: run it again"
    try:
        policy = Policy.model_validate(made.policy)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        yield f"policy.{'.'.join(map(str, first['loc']))}: {first['msg']}"
    else:
        if made.policy != policy.model_dump(mode="json", exclude_defaults=True):
            yield "policy: it is not as the kit writes it: leave out what is usual"
    if unknown := sorted({*made.claims} - {*get_args(ClaimName)}):
        yield f"claims: the kit knows no claim `{_shown(unknown[0])}`"
    if unknown := sorted({*made.providers} - {*reference.providers}):
        yield f"providers: edition {made.reference.edition} has no provider `{_shown(unknown[0])}`"
    yield from _rows(made.requirements, {name: row for name, row in proxy_rules(reference).items() if not row.excluded})


def _about(made: Evidence, stem: str, today: datetime.date) -> Iterator[str]:
    about = made.implementation
    if not _NAME.fullmatch(stem):
        yield f"file name: `{_shown(stem)}` is not of small letters, digits and hyphens"
    if stem != slug(about.name):
        yield f"file name: it is not that of the implementation, `{slug(about.name)}.json`"
    for field, text, form, remedy in (
        ("name", about.name, _TITLE, ""),
        ("title", about.title, _TITLE, ""),
        ("version", about.version, _VERSION, ": state `version` in the target file, and run again"),
        ("url", about.url, _URL, ": give `--url`"),
    ):
        if text is None:
            yield f"implementation.{field}: it is missing{remedy}"
        elif not form.fullmatch(text):
            yield f"implementation.{field}: it is not a plain {field}"
    try:
        day = datetime.date.fromisoformat(made.taken)
    except ValueError:
        yield "taken: it is not a day, YEAR-MONTH-DAY"
    else:
        if day > today:
            yield f"taken: {day} has not come yet"


def _texts(made: Evidence) -> Iterator[str]:
    for place, text in _all_texts(made.model_dump(mode="json", exclude_none=True), ""):
        if _SECRETS.search(text):
            yield f"{place}: it looks like a secret, which is not shown here"
        elif len(text) > _MOST_TEXT or not all(letter.isprintable() or letter == "\n" for letter in text):
            yield f"{place}: it is longer than {_MOST_TEXT} characters, or has characters that do not print"


def _all_texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield f"{place}.(key)", str(key)
            yield from _all_texts(each, f"{place}.{_shown(key)}".lstrip("."))
    elif isinstance(value, list):
        for each in value:
            yield from _all_texts(each, place)


def _rows(rows: Mapping[str, Row], rules: Mapping[str, Requirement]) -> Iterator[str]:
    if unknown := sorted({*rows} - {*rules}):
        yield f"requirements: this kit has no rule on proxies `{_shown(unknown[0])}`"
    if missing := sorted({*rules} - {*rows}):
        yield f"requirements: {len(missing)} rules are missing, `{missing[0]}` first"
    for name in sorted({*rows} & {*rules}):
        row, rule = rows[name], rules[name]
        counts = row.counts()
        due = verdict_of_counts(counts)
        if any(count < 1 for count in counts.values()):
            yield f"requirements.{name}: a count is less than 1"
        elif row.verdict is not due:
            yield f"requirements.{name}: its cases make it `{due}`, and the file says `{row.verdict}`"
        elif rule.level == "must" and counts[Verdict.WARN]:
            yield f"requirements.{name}: a case of a `must` fails or passes; it has no warning"
        elif not counts and row.reason != NO_CASE:
            yield f"requirements.{name}: it has no case"
        elif not counts and _binds_all(rule):
            yield f"requirements.{name}: it binds every proxy, so the run has cases of it"
    if not any(row.verdict in EXECUTED for row in rows.values()):
        yield "requirements: no rule was tested"


def _binds_all(rule: Requirement) -> bool:
    return not (rule.claim or rule.when or rule.unless or rule.for_each or "foreign-peer" in rule.needs)


def _shown(text: str) -> str:
    """A text of the file as it may be told: short, printed, without a secret and without markup."""
    short = _SECRETS.sub("***", text)[:80]
    return "".join(letter if letter.isprintable() and letter not in "<>`" else "?" for letter in short)


def slug(name: str) -> str:
    """The name of the file of an implementation: its name in small letters, digits and hyphens."""
    return "-".join(re.findall(r"[a-z0-9]+", name.lower()))[:64].strip("-")


def pull_request(made: Evidence, reference: Reference) -> str:
    """The text of the pull request with which a file is handed in, as Markdown."""
    about, found = made.implementation, standings(made, reference)
    broken = sorted(name for name, row in made.requirements.items() if row.verdict in _BROKEN)
    policy = ", ".join(f"`{key}: {json.dumps(value)}`" for key, value in made.policy.items()) or "as usual"
    return f"""\
# Evidence of {about.title} {about.version or "(version unknown)"}

This adds `{FOLDER}/{slug(about.name)}.json`: a run of the whole suite, made by `ampmap-conformance evidence`.

| | |
| --- | --- |
| Implementation | {about.title}, version {about.version or "unknown"}, {about.url or "no URL"} |
| Kit and reference | {made.kit.version}, edition {made.reference.edition}, {made.reference.digest} |
| Day of the run | {made.taken} |
| Kept of what was tested | core {found["core"]}; must {found["must"]}, should {found["should"]}, may {found["may"]} |
| Claims | {", ".join(f"`{claim}`" for claim in made.claims) or "none"} |
| Policy | {policy} |

Rules that it breaks: {", ".join(f"`{name}`" for name in broken) or "none"}.

How to repeat it: write here the commands, the configuration without keys, and the target file.

- [ ] `ampmap-conformance evidence --check {FOLDER}/{slug(about.name)}.json` finds nothing.
- [ ] The run was of the version that is named, without changes to the kit or the reference.
- [ ] The file holds no key and no address that must not be public.
"""


_BROKEN: Final = frozenset({Verdict.FAIL, Verdict.FLAKY, Verdict.KNOWN_FAILURE, Verdict.ERROR})
