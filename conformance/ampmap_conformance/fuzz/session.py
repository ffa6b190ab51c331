"""Sends the generated requests of a case once, and judges every answer by all rules."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ..cases.cases import WARM_UP, CallCase, Case
from ..cases.pairing import kin
from ..errors import BudgetSpentError, KitFaultError, NoAnswerError, NotTestableError, Violation
from ..probe.context import RunContext
from ..probe.probe import Probe
from ..reference.types import Reference
from ..target.target import Target
from ..wire.messages import Exchange, Headers, Request
from .document import document_for, part_for
from .findings import Finding
from .generation import GeneratedRequest, GenerationJob, Generator
from .options import most_requests, require_schemathesis
from .rules import RULES, Facts, Sent, Wrong

MOST_SILENT = 5
"""Requests in a row that may stay without an answer, each for as long as a probe waits, until nothing more is sent."""


@dataclass
class Campaign:
    """What all requests of a case came to."""

    sent: int = 0
    findings: dict[str, Finding] = field(default_factory=dict)
    """By requirement."""
    stopped: BudgetSpentError | NotTestableError | None = None
    """Why not all of them were sent."""

    def raise_for(self, rule: str, exchanges: list[Exchange]) -> None:
        """Raises what was found out about a rule, and adds the request that shows it to `exchanges`."""
        finding = self.findings.get(rule)
        if finding is not None:
            exchanges.append(finding.exchange)
            raise finding.as_violation(self.sent)
        if self.stopped is not None:
            raise self.stopped


class Campaigns:
    """The campaigns of a run: one for each call, shared by the rules. One is made at a time, as generation is work."""

    def __init__(self, reference: Reference, file: Path | None, *, seed: int, max_examples: int) -> None:
        self._reference = reference
        self._file = file
        self.seed = seed
        self.max_examples = max_examples
        self._generator: Generator | None = None
        self._lock = threading.Lock()
        self._made: dict[tuple[Hashable, int], Campaign] = {}
        self._asked: Counter[tuple[Hashable, str]] = Counter()

    def require(self, cases: Iterable[Case]) -> None:
        """Says which cases will be asked for, in their order.

        Raises UsageError when there is no schemathesis or no document for the reference.
        """
        require_schemathesis()
        document = document_for(self._reference, self._file)
        parts: dict[Hashable, GenerationJob] = {}
        for case in cases:
            if kin(case) not in parts:
                model = case.model if isinstance(case, CallCase) else ""
                parts[kin(case)] = GenerationJob(part_for(document, self._reference, case), model)
        self._generator = Generator(parts, seed=self.seed, max_examples=self.max_examples)

    def close(self) -> None:
        """Ends the generation of data."""
        if self._generator is not None:
            self._generator.close()

    def of(self, case: Case, rule: str, context: RunContext) -> Campaign:
        """The campaign of a case. A rule that asks again (`--repeat`) gets another one."""
        with self._lock:
            asked = (kin(case), rule)
            key = (kin(case), self._asked[asked])
            self._asked[asked] += 1
            if key not in self._made:
                self._made[key] = self._campaign(case, Probe(context))
            return self._made[key]

    def _campaign(self, case: Case, probe: Probe) -> Campaign:
        campaign, facts = Campaign(), facts_of(case, probe)
        requests = self._generator.requests(kin(case)) if self._generator is not None else ()
        if not requests:
            raise NotTestableError("the OpenAPI document has no such operation")
        if len(requests) > most_requests(case, self.max_examples):
            raise KitFaultError(f"{len(requests)} requests were generated, which is more than was planned")
        silent = 0
        try:
            for request in requests:
                if request.wrong is Wrong.NOTHING and not facts.observed and _is_metered(case):
                    continue  # it might be charged for
                sent = Sent(_sent(case, probe, request), request.wrong, facts)
                campaign.sent += 1
                _judge(campaign, sent, request.what)
                silent = 0 if sent.status else silent + 1
                if silent == MOST_SILENT:
                    raise NotTestableError(f"the target did not answer {silent} requests in a row")
        except (BudgetSpentError, NotTestableError) as stop:
            campaign.stopped = stop
        return campaign


def facts_of(case: Case, probe: Probe) -> Facts:
    """What the rules must know of a case and its target."""
    target = probe.target
    provider = case.provider if isinstance(case, CallCase) else None
    return Facts(
        probe.schemas,
        probe.reference.error_shapes[provider.error_shape] if provider else None,
        observed=probe.is_observed,
        invalid_data=target.policy.invalid_data,
        rewrites=_rewrites(case, target),
        answers_itself=_answers_itself(case, target),
        client_key=target.client.value if target.client else "",
        other_keys=tuple(secret.value for secret in target.secrets if secret is not target.client),
    )


def _rewrites(case: Case, target: Target) -> bool:
    return isinstance(case, CallCase) and target.body_of(case.provider, case.call.dialect) != "verbatim"


def _answers_itself(case: Case, target: Target) -> bool:
    if not isinstance(case, CallCase):
        return True
    lists = target.lists_of(case.provider) == "own" and not _is_metered(case)
    return lists or case.call.id == WARM_UP


def _is_metered(case: Case) -> bool:
    return isinstance(case, CallCase) and case.call.operation.metered


def _sent(case: Case, probe: Probe, request: GeneratedRequest) -> Exchange:
    """The exchange of one request; one without an answer has status 0."""
    dialect = probe.dialect_headers(case) if isinstance(case, CallCase) else {}
    ready = _as_client(probe.request(case), request, {name.lower() for name in dialect})
    try:
        return probe.exchange(ready, persona=probe.persona_of(case))
    except NoAnswerError:
        return probe.exchanges[-1]
    finally:
        probe.exchanges.clear()


def _as_client(usual: Request, request: GeneratedRequest, dialect: set[str]) -> Request:
    """A generated request with what marks it as the kit's, and with the credentials of the client.

    Of the client's usual header lines it has those that it does not write itself, and none about a body or of the
    `dialect`, which the document states and may be missing on purpose.
    """
    own = {name.lower() for name, _ in request.lines} | {"content-type"} | dialect
    lines = tuple(line for line in usual.headers if line[0].lower() not in own)
    _, _, query = usual.target.partition("?")
    keys = [pair for pair in query.split("&") if pair.startswith("key=")]
    target = request.target
    for pair in keys:
        target += f"{'&' if '?' in target else '?'}{pair}"
    return Request(request.method, target, Headers((*lines, *request.lines)), request.body)


def _judge(campaign: Campaign, sent: Sent, what: str) -> None:
    for name, rule in RULES.items():
        try:
            rule(sent)
        except Violation as found:
            finding = Finding(found, sent.exchange, what)
            known = campaign.findings.get(name)
            campaign.findings[name] = known.joined(finding) if known else finding
