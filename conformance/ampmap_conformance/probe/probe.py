"""What a check has in hand: sends the calls of the reference through the target and sees both hops."""

from __future__ import annotations

import secrets as random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import quote, unquote, urlsplit

from ..cases.cases import CallCase, Case, ManagementCase
from ..errors import Failure, KitFaultError, NoAnswerError, NotTestableError, Violation
from ..observer.script import Reply
from ..reference.types import ErrorShape
from ..target.reload import Reloading
from ..wire.client import ProxyClient, Watch
from ..wire.credentials import Credential, as_client_sends, holding
from ..wire.foreign_peer import is_loopback
from ..wire.lockstep import Steps
from ..wire.messages import Exchange, Headers, Request, Response, UpstreamRequest
from ..wire.raw import Ending, RawAnswer, RawRequest, send_raw, whole
from ..wire.redaction import new_nonce
from .context import GeneratedRequests, RunContext
from .prerequisites import NO_FOREIGN_PEER, NO_OBSERVER, NO_RELOAD, NO_SECOND_CLIENT
from .requests import BLANK

AMP = "amp"
"""The persona of Amp's own servers."""
SETTLING = 0.2
"""Seconds that a request which was answered with success may take to show at the observer."""


class Probe:
    """The probes of one case. Every request carries a nonce of its own, by which its upstream request is found."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self.reference = context.reference
        self.target = context.target
        self.schemas = context.schemas
        self.exchanges: list[Exchange] = []
        self.sent = 0
        """Requests that were sent to the target."""

    @property
    def context(self) -> RunContext:
        """What all probes of the run share, for checks that let somebody else do the sending."""
        return self._context

    @property
    def client_key(self) -> str:
        """The key that the proxy accepts. Raises NotTestableError when none is known."""
        if self.target.client is None:
            raise NotTestableError("no client credential is known: name one under `credentials.client`")
        return self.target.client.value

    @property
    def second_client_key(self) -> str:
        """Another client's key. Raises NotTestableError when none is known."""
        if self.target.second_client is None:
            raise NotTestableError(NO_SECOND_CLIENT)
        return self.target.second_client.value

    @contextmanager
    def on_own_connections(self) -> Iterator[Probe]:
        """A probe whose connections to the target nobody else uses: calls one after another share one."""
        with ProxyClient(self.target.file.base_url) as client:
            probe = Probe(replace(self._context, client=client))
            try:
                yield probe
            finally:
                self.exchanges += probe.exchanges
                self.sent += probe.sent

    @property
    def is_observed(self) -> bool:
        """Whether the upstream side can be seen."""
        return self._context.observer is not None

    def generated(self, case: Case, rule: str) -> GeneratedRequests:
        """What generated data showed in the operations of a case, asked for one rule.

        Raises NotTestableError where the target serves the case to its own machine alone.
        """
        self._must_be_served_here(case)
        if self._context.fuzzing is None:
            raise NotTestableError("this run generates no data")
        return self._context.fuzzing.of(case, rule, self._context)

    @property
    def observer_host(self) -> str:
        """Host and port of the observer, as the proxy reaches it. Raises NotTestableError when there is none."""
        if self._context.observer is None:
            raise NotTestableError("no observer: there is no other host that a call could be led to")
        return urlsplit(self._context.observer.url).netloc

    def require_client_key(self) -> None:
        """For checks that send none: raises NotTestableError when the target has no key that could be missing."""
        _ = self.client_key

    def must_name_provider(self, case: CallCase) -> None:
        """Raises NotTestableError unless the provider's id stands in its path on this target."""
        if f"/{case.provider.id}/" not in f"{case.target.partition('?')[0]}/":
            raise NotTestableError("the provider's name does not stand in its path on this target")

    def error_shape(self, case: CallCase) -> ErrorShape:
        """The error shape of the case's provider."""
        return self.reference.error_shapes[case.provider.error_shape]

    def dialect_headers(self, case: CallCase) -> dict[str, str]:
        """Headers that the dialect's SDKs put on every call and that tell the upstream how to read it."""
        sent = self.reference.endpoints[case.call.dialect].request_headers
        return {name: value for name, value in sent.items() if name.lower() != "accept"}

    def optional_headers(self, case: CallCase) -> tuple[str, ...]:
        """Headers by which a call to this provider asks for features."""
        return tuple(
            header.name
            for header, providers in self._context.forms.headers_of("client-sends")
            if header.presence == "conditional" and case.provider.id in providers
        )

    def amp_headers(self, sent: Headers) -> tuple[str, ...]:
        """Those of `sent` that Amp itself adds to proxied requests, less the credentials."""
        credentials = self.header_names("client-credential")
        return tuple(
            header.name
            for group in self.reference.headers.values()
            if group.role == "client-sends" and group.applies_to == "via-proxy"
            for header in group.headers
            if header.value and header.name.lower() not in credentials and sent.get(header.name) is not None
        )

    def header_names(self, role: str) -> tuple[str, ...]:
        """Names, in lower case, of all headers of a role."""
        return tuple(header.name.lower() for header, _ in self._context.forms.headers_of(role))

    def relayed_headers(self, case: CallCase, presence: str) -> tuple[str, ...]:
        """Headers of this provider's answers that the client needs, with a given presence."""
        return tuple(
            header.name
            for header, providers in self._context.forms.headers_of("relay-to-client")
            if header.presence == presence and (not providers or case.provider.id in providers)
        )

    def model_of(self, case: CallCase, upstream: UpstreamRequest) -> str:
        """The model that an upstream request names, in its body or path as the operation has it; empty for none."""
        if case.call.operation.model_in == "body":
            body = upstream.json()
            return str(body.get("model", "")) if isinstance(body, dict) else ""
        before, _, after = case.upstream_target.partition("?")[0].partition(quote(case.model, safe=""))
        return unquote(upstream.path.removeprefix(before).removesuffix(after))

    def canary(self) -> str:
        """A key that nobody accepts and that is found again wherever it turns up."""
        return self._context.secrets.add(f"canary-{random.token_hex(12)}-canary")

    def request(self, case: Case, *, credential: Credential | None = None) -> Request:
        """The request of a case as the client of the edition sends it, with a new nonce.

        `credential` replaces the client's own.
        """
        nonce = new_nonce()
        sent = self._own_credential(case) if credential is None else credential
        body = self._context.forms.body(case, nonce)
        headers = self._context.forms.lines(case, nonce, has_body=bool(body))
        target = case.target
        for pair in sent.query:
            target += f"{'&' if '?' in target else '?'}{pair}"
        host = ("Host", self._context.client.host)
        return Request(case.method, target, Headers((host, *sent.lines, *headers)), body)

    def send(
        self,
        case: Case,
        *,
        credential: Credential | None = None,
        more_headers: Iterable[tuple[str, str]] = (),
        more_query: str = "",
        method: str | None = None,
        target: str | None = None,
        body: bytes | None = None,
        replies: Iterable[Reply] = (),
    ) -> Exchange:
        """Sends the request of a case, changed where something is said, and returns both hops.

        `replies` is what the upstream answers, one each, before it is normal again. Raises NoAnswerError when the
        target answers nothing at all, unless a reply breaks off, for then that is how the transfer broke; and
        NotTestableError where the target serves the case to its own machine alone.
        """
        self._must_be_served_here(case)
        request = self._changed(case, credential, target, more_query, method, more_headers, body)
        return self.exchange(request, persona=self.persona_of(case), replies=tuple(replies))

    def send_raw(
        self,
        case: Case,
        wire: Callable[[Request], RawRequest],
        *,
        credential: Credential | None = None,
        more_headers: Iterable[tuple[str, str]] = (),
        body: bytes | None = None,
        replies: Iterable[Reply] = (),
        responses: int = 1,
    ) -> tuple[Exchange, RawAnswer]:
        """Sends the request of a case byte for byte as `wire` writes it, on a connection of its own.

        Gives both hops, and all that came back, of which the exchange holds the first answer. Raises NoAnswerError
        when there is none.
        """
        request = self._changed(case, credential, None, "", None, more_headers, body)
        answers: list[RawAnswer] = []

        def deliver() -> Response:
            self._spend()
            url, timeout = self.target.file.base_url, self._context.timeout
            answers.append(send_raw(url, wire(request), timeout=timeout, responses=responses))
            return answers[0].response()

        made = self._exchanged(request, self.persona_of(case), tuple(replies), deliver)
        return made, answers[0]

    def send_in_step(
        self, case: Case, steps: Steps, reply: Reply, *, more_headers: Iterable[tuple[str, str]] = ()
    ) -> Exchange:
        """Sends the request of a case, which is answered by the pieces of `reply`, each when `steps` lets it go.

        Raises NotTestableError without an observer, and otherwise as `send` does.
        """
        observer = self._context.observer
        if observer is None:
            raise NotTestableError(NO_OBSERVER)
        request = self._changed(case, None, None, "", None, more_headers, None)
        nonce = nonce_of(request)
        watch = steps.joined(nonce, [data for _, data in reply.pieces or ()], observer.release)
        try:
            held = (replace(reply, held=True),)
            return self._exchanged(request, self.persona_of(case), held, lambda: self.deliver(request, watch))
        finally:
            steps.left(nonce)

    def leave(self, case: Case, *, after: float, within: float, replies: Iterable[Reply]) -> bool:
        """Sends the request of a case and goes away when its answer has begun, or `after` so many seconds.

        Whether the connection to the upstream was closed as well, within so many seconds. Raises Violation where
        the call had been answered in full, and NotTestableError without an observer.
        """
        observer, request = self._context.observer, self.request(case)
        if observer is None:
            raise NotTestableError(NO_OBSERVER)
        nonce = nonce_of(request)
        observer.script(nonce, tuple(replies))
        self._spend()
        answer = send_raw(self.target.file.base_url, replace(whole(request), leave_after=after))
        try:
            if answer.ending not in (Ending.LEFT, Ending.TIMEOUT):
                raise Violation("the call was answered in full", expected="half an answer", actual=answer.ending.value)
            return observer.client_closed(nonce, within=within) or not observer.seen(nonce)
        finally:
            observer.forget(nonce)

    @property
    def reloading(self) -> Reloading:
        """Changes the target's configuration. Raises NotTestableError where nothing can."""
        if self._context.reloading is None:
            raise NotTestableError(NO_RELOAD)
        return self._context.reloading

    def send_from_elsewhere(self, case: Case, *, more_headers: Iterable[tuple[str, str]] = ()) -> Exchange:
        """Sends the request of a case from a peer that is not on the target's machine, whose own host it names.

        Raises NotTestableError where there is no such peer, and NoAnswerError as `send` does.
        """
        foreign, timeout = self._context.foreign, self._context.timeout
        if foreign is None:
            raise NotTestableError(NO_FOREIGN_PEER)
        request = self._changed(case, None, None, "", None, more_headers, None)

        def deliver() -> Response:
            self._spend()
            return foreign.send(request, timeout=timeout)

        return self._exchanged(request, self.persona_of(case), (), deliver)

    def exchange(self, request: Request, *, persona: str, replies: tuple[Reply, ...] = ()) -> Exchange:
        """Sends a request made by `request` (or changed from one) and returns both hops."""
        return self._exchanged(request, persona, replies, lambda: self.deliver(request), plain=not replies)

    def deliver(self, request: Request, watch: Watch | None = None) -> Response:
        """Puts a request on the wire. Raises NoAnswerError, and BudgetSpentError when it may not."""
        self._spend()
        return self._context.client.send(request, timeout=self._context.timeout, watch=watch)

    def _spend(self) -> None:
        self._context.budget.spend()
        self.sent += 1

    def _must_be_served_here(self, case: Case) -> None:
        local = is_loopback(urlsplit(self.target.file.base_url).hostname or "")
        if isinstance(case, ManagementCase) and not local and self.target.claims("localhost-only"):
            raise NotTestableError("the target serves this to its own machine alone, and the kit is elsewhere")

    def persona_of(self, case: Case) -> str:
        """Whom a case's call is for."""
        return case.provider.id if isinstance(case, CallCase) else AMP

    def _exchanged(
        self,
        request: Request,
        persona: str,
        replies: tuple[Reply, ...],
        deliver: Callable[[], Response],
        *,
        plain: bool = False,
    ) -> Exchange:
        nonce = nonce_of(request)
        observer = self._context.observer
        if observer is not None and replies:
            observer.script(nonce, replies)
        begun = time.monotonic()
        silent: NoAnswerError | None = None
        try:
            response = deliver()
        except NoAnswerError as error:
            response = Response(0, Headers(), (), time.monotonic() - begun, broken=error.failure.value)
            silent = None if _may_hang_up(error, replies) else error
        made = Exchange(request, response, (), persona, begun=begun, plain=plain)
        if observer is not None:
            seen = observer.seen(nonce, at_least=1 if 0 < response.status < 300 else 0, within=SETTLING)
            observer.forget(nonce)
            answers = tuple(one.answer for one in seen if one.answer is not None)
            made = replace(made, upstream=tuple(one.request for one in seen), answers=answers)
        self.exchanges.append(made)
        if silent is not None:
            raise silent
        for answer in made.answers:
            if answer.fault is not None:
                raise KitFaultError(f"the observer's own answer for {persona} is wrong: {answer.fault}")
        return made

    def _changed(
        self,
        case: Case,
        credential: Credential | None,
        target: str | None,
        more_query: str,
        method: str | None,
        more_headers: Iterable[tuple[str, str]],
        body: bytes | None,
    ) -> Request:
        request = self.request(case, credential=credential)
        if body is not None and BLANK.encode() in body:
            body = body.replace(BLANK.encode(), nonce_of(request).encode())
        if target is not None:
            request = replace(request, target=target)
        if more_query:
            mark = "&" if "?" in request.target else "?"
            request = replace(request, target=f"{request.target}{mark}{more_query}")
        return replace(
            request,
            method=method or request.method,
            headers=request.headers.adding(*more_headers),
            body=request.body if body is None else body,
        )

    def _own_credential(self, case: Case) -> Credential:
        if self.target.client is None:
            return Credential()
        key = self.target.client.value
        if isinstance(case, CallCase):
            return as_client_sends(case.provider, key)
        return holding("authorization-bearer", key)


def _may_hang_up(error: NoAnswerError, replies: tuple[Reply, ...]) -> bool:
    """Whether the upstream's answer broke off, so that a head which the proxy still held may be lost with it."""
    return error.failure is Failure.DROPPED and any(reply.breaks_off for reply in replies)


def nonce_of(request: Request) -> str:
    """The nonce of a request that a probe made."""
    agent = request.headers.get("user-agent") or ""
    return agent.rpartition("(")[2].rstrip(")")
