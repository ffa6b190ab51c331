"""The report as a value. `report.schema.json` is the schema of `Report`.

Times are in milliseconds since the request of their exchange was begun.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from ..cases.covering import Depth
from ..reference.types import Basis, Json, Severity, Shape, Tier
from ..verdicts import Attribution, Level, Verdict
from .model_load import Load
from .model_run import Client, Generated, Requests

SCHEMA_VERSION: Final = 2
READABLE: Final = (1, SCHEMA_VERSION)
"""Schema versions that the kit reads."""
SummaryVerdict: TypeAlias = Literal["conformant", "partial", "outside", "non-conformant", "incomplete", "error"]
"""`outside`: nothing is wrong as far as the client sees; what the proxy sends to its upstreams was not seen."""
Sight: TypeAlias = Literal["nothing", "reached", "unseen"]
"""What the upstreams saw of a case: no request, at least one, or unknown as there was no observer."""
Encoding: TypeAlias = Literal["utf-8", "gzip", "base64"]
HeaderLine: TypeAlias = tuple[str, str]


class Kit(Shape):
    """Who tested."""

    version: str


class ReferenceId(Shape):
    """What was tested against."""

    edition: str
    digest: str


class LeftOut(Shape):
    """One thing that a target does not serve."""

    core: bool
    """Whether a client does not start, or a mode among which a user chooses does not work."""
    text: str
    """What is not served, and what that breaks."""


class TargetId(Shape):
    """What was tested; no secret, ever."""

    name: str
    version: str | None
    base_url: str
    claims: tuple[str, ...]
    providers: tuple[str, ...] = ()
    """Ids of the providers that it serves; empty in reports of earlier kits."""
    policy: dict[str, Json] = {}
    """What its file says of what it promises, as far as that is not the usual."""
    left_out: tuple[LeftOut, ...] = ()
    """What a client asks for and it does not serve."""


class Message(Shape):
    """A request or an answer on one hop, secrets masked. Text bodies are text; others are base64."""

    start: str
    """The request line, or the status; empty for no answer."""
    headers: tuple[HeaderLine, ...]
    body: str
    encoding: Encoding = "utf-8"
    """`gzip`: the body was packed, and is shown unpacked."""
    broken: str | None = None
    """How the transfer ended when it did not end cleanly."""
    left_out: int = 0
    """Bytes at the end of the body that the report does not hold."""
    at_ms: float | None = None
    """When it arrived, or, for the observer's answer, when it was begun; absent if it was not observed."""


class UpstreamMessage(Shape):
    """What one upstream saw, and what the observer set out to answer."""

    persona: str
    request: Message
    response: Message | None = None


class ReportedExchange(Shape):
    """One probe on both hops."""

    begun_ms: float | None = None
    """When it was begun, since the first request of the run; absent in reports of earlier kits."""
    request: Message
    response: Message
    upstream: tuple[UpstreamMessage, ...]
    ended_ms: float = 0.0
    """When the answer was there as a whole."""


class Reproduce(Shape):
    """How to see it again, in a POSIX shell. Keys stand as the variable or file that holds them."""

    curl: str
    """The request that showed it; empty where none was sent, or where curl cannot send it."""
    command: str
    """The run of this case."""
    serve: str = ""
    """What must run before `curl` can reach it; empty for a target of the user's own."""
    curl_alone: bool = True
    """Whether `curl` sees what the kit saw: not where the upstream's answer was scripted, or the bytes were special."""


class KnownFailure(Shape):
    """The entry of the baseline that a case falls under."""

    pattern: str
    reason: str
    issue: str | None = None
    owner: str | None = None
    expires: str | None = None


class Observation(Shape):
    """One thing that a case showed to be wrong."""

    code: str
    """What was observed, and behind an `@` where, in words that stay the same when the texts are reworded."""
    reason: str
    expected: str
    actual: str


class Result(Shape):
    """One case."""

    id: str
    requirement: str
    case: str
    level: Level
    profile: str
    verdict: Verdict
    reason: str
    expected: str
    actual: str
    docs_url: str
    exchanges: tuple[ReportedExchange, ...]
    """Of cases that found a violation, and of those that `--trace` names; empty for others."""
    reproduce: Reproduce
    duration_ms: float
    known: KnownFailure | None = None
    """Of a known failure, and of an unexpected pass."""
    scored: bool = True
    """Whether it counts. Requirements that came after the kit's release are shown and decide nothing."""
    attempts: int = 1
    """How often the check was made (`--repeat`)."""
    held: int | None = None
    """In how many of them nothing was broken; absent where the check did not come to its end."""
    observations: tuple[Observation, ...] = ()
    """Everything that was found wrong, the one of `reason` first; of cases that found a violation."""
    attribution: Attribution | None = None
    """Whose fault a violation is, where the run asked (`--attribute`)."""
    tier: Tier | None = None
    """Which part of conformance it belongs to; absent in reports of earlier kits."""
    feature: str | None = None
    """Of the tier `extended`: the claim that it belongs to, or `further-providers`."""
    half: bool = False
    """Whether only that was judged which a client sees by itself, as no observer saw the upstreams."""
    blocked_by: str | None = None
    """Of a blocked case: the case that shows what is really broken."""
    editions: tuple[str, ...] = ()
    """In a run over several editions: those that have this very case. It was made once, for the first of them."""


class Remedy(Shape):
    """What an operator changes so that a cause goes."""

    text: str
    """What to change, in a sentence."""
    lines: str = ""
    """Lines of configuration or code of `server`; empty where the sentence says it all."""
    server: str | None = None
    """Id of the server whose remedy it is; absent for the general one of a rule."""
    docs: str = ""
    """Where the server's documentation says it."""


class Server(Shape):
    """What the target was built with."""

    id: str
    name: str
    named: bool = False
    """Whether the user said so (`--server`); else its answers did."""


class Cause(Shape):
    """What some cases have in common that went wrong: to be repaired once."""

    id: str
    """The code of what was observed; unique in a report."""
    verdict: Verdict
    """The gravest of its cases."""
    scored: bool
    """Whether any of its cases counts."""
    level: Level
    """The strongest of the levels of its requirements."""
    severity: Severity | None
    """The gravest of the severities of its requirements; absent where a report of an earlier kit has none."""
    summary: str
    """What is wrong."""
    actual: str
    """What was seen in the case of `shown`."""
    upstream: Sight
    requirements: tuple[str, ...]
    """Ids, those with the most cases first."""
    cases: tuple[str, ...]
    """Ids of results."""
    shown: str
    """The case that shows it best."""
    blocks: int = 0
    """How many other cases could not be decided because of it."""
    remedy: Remedy | None = None
    """What to change: for the server that the target was built with, else in general; absent where neither is known."""
    knock_on: bool = False
    """Whether it looks like an effect of an earlier call: calls that are served elsewhere got one and the same answer,
    whatever they were about. `shown` is the first such case then."""


class RequirementSummary(Shape):
    """What a requirement says."""

    statement: str
    level: Level
    profile: str
    docs_url: str
    formerly: tuple[str, ...] = ()
    """Its earlier ids, the latest first, so that reports from before a renaming compare."""
    since: str | None = None
    """The first release of ampmap that had it; absent where no release did, and in reports of earlier kits."""
    basis: Basis | None = None
    """What obliges a proxy; absent in reports of earlier kits."""
    severity: Severity | None = None
    """What it costs the user when a proxy breaks it; absent in reports of earlier kits."""
    tier: Tier | None = None
    """What it is part of; absent in reports of earlier kits. Single cases may belong to another part."""
    conditions: tuple[str, ...] = ()
    """Which targets it binds, in words: `applies where ...`, `does not apply where ...`."""


class Notice(Shape):
    """Something that the run noticed and that is not the result of a selected case.

    `unreachable`, `broken-control`, `restore-failed` and `kit-error` make the run red; the others decide nothing.
    """

    kind: Literal[
        "unclaimed-feature",
        "unscored-failure",
        "not-testable",
        "renamed",
        "untrue-policy",
        "unreachable",
        "broken-control",
        "restore-failed",
        "kit-error",
        "kit-limit",
        "knock-on",
        "left-out",
    ]
    text: str


class Selection(Shape):
    """What part of the suite was asked for; all empty is the whole."""

    profiles: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
    """Faults of the embedded proxy that were switched on."""
    depth: Depth = Depth.DEFAULT
    """How many cells of each requirement were made."""

    @property
    def is_whole(self) -> bool:
        """Whether no requirement was left out, and each was made as deep as by default."""
        return not (self.profiles or self.select or self.skip or self.depth is Depth.QUICK)


class BaselineProblem(Shape):
    """An entry of the baseline that makes the run red."""

    kind: Literal["stale", "unknown", "expired"]
    pattern: str
    place: str
    """`file:line:column` of the entry."""
    message: str


class BaselineUse(Shape):
    """The baseline of a run."""

    file: str
    entries: int
    problems: tuple[BaselineProblem, ...]


class PartVerdict(Shape):
    """What a part of conformance came to."""

    tier: Tier
    feature: str | None = None
    executed: int
    """How many of its cases that count ran to their end."""
    red: int
    """How many of those keep the run from being conformant."""
    known: int = 0
    """How many of those are known failures."""


class Summary(Shape):
    """All cases counted."""

    verdict: SummaryVerdict
    exit_code: int = 0
    interrupted: bool = False
    planned: int = 0
    """How many cases were selected; in an interrupted run there are fewer results."""
    untested: tuple[str, ...] = ()
    """Selected requirements that could not be tested at all."""
    unproven: tuple[str, ...] = ()
    """Claims of the target that could not be tested: the run says nothing for or against them."""
    outside: bool = False
    """Whether the target was judged by what the client sees alone."""
    parts: tuple[PartVerdict, ...] = ()
    """What each part of conformance came to, core first; empty in reports of earlier kits."""
    counts: dict[Verdict, int]
    by_profile: dict[str, dict[Verdict, int]]
    by_level: dict[Level, dict[Verdict, int]]


class EditionVerdict(Shape):
    """What a run over several editions came to in one of them."""

    edition: str
    digest: str
    verdict: SummaryVerdict
    exit_code: int
    cases: int
    """How many cases it has."""
    shared: int
    """How many of those were made for an earlier edition of the run."""
    counts: dict[Verdict, int]


class Report(Shape):
    """The outcome of a run."""

    schema_version: Literal[2] = SCHEMA_VERSION
    kit: Kit
    reference: ReferenceId
    """The only one, or the first."""
    editions: tuple[EditionVerdict, ...] = ()
    """Of a run over several editions, in their order; empty for a run over one."""
    target: TargetId
    server: Server | None = None
    """What the target was built with, where that is known."""
    selection: Selection = Selection()
    summary: Summary
    notices: tuple[Notice, ...] = ()
    requests: Requests | None = None
    generated: Generated | None = None
    """Of a run that generated data."""
    load: Load | None = None
    """Of a soak."""
    clients: tuple[Client, ...] = ()
    """The SDKs of the profile `clients`, where it was selected: those that are installed."""
    baseline: BaselineUse | None = None
    causes: tuple[Cause, ...] = ()
    """What went wrong, by what the cases have in common: what makes the run red first, then the strongest level, the
    gravest severity, and the most cases."""
    rules: dict[str, RequirementSummary] = {}
    """By requirement id: those that the results are of."""
    results: tuple[Result, ...]
