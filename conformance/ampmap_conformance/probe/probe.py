"""What a check has in hand: sends the calls of the reference through the target and sees both hops."""

from __future__ import annotations

import secrets as random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from ssl import SSLContext
from urllib.parse import urlsplit

from ..cases.cases import CallCase, Case
from ..errors import NotTestableError, UnservedError, Violation
from ..meanings import Codec, by_word
from ..observer.api import Observing
from ..observer.script import Reply
from ..reference.types import CredentialCarrier
from ..target.reload import Reloading
from ..wire.client import ProxyClient
from ..wire.credentials import Credential
from ..wire.lockstep import Counting, Holding, whole_pieces, words_seen
from ..wire.messages import AMP, Exchange, Request, Response, nonce_of
from ..wire.raw import Ending, RawAnswer, RawRequest, placed, send_in_turn, send_raw, whole
from ..wire.websocket import SWITCHING, Talk, Talked, offer_lines, talk
from .calls import Calls
from .changes import Changes
from .context import GeneratedRequests
from .exchange import SETTLING, Sending
from .lookups import AMP_CARRIERS
from .prerequisites import NO_OBSERVER, NO_RELOAD, UNOBSERVED, no_foreign_peer

LONGER = (1, 4, 16)
"""How many times as long a client waits before it leaves, where the proxy had not called its upstream before."""


def _given(response: Response) -> Response:
    return response


@dataclass(frozen=True)
class Turns:
    """What came of requests one after another on one connection."""

    exchanges: tuple[Exchange, ...]
    """Of those that got an answer."""
    sent: int
    """How many were sent."""
    closed: bool
    """Whether the proxy closed the connection though no answer said that it would."""


class Probe(Calls):
    """The probes of one case. Every request carries a nonce of its own, by which its upstream request is found."""

    @contextmanager
    def on_own_connections(self) -> Iterator[Probe]:
        """A probe with connections to the target of its own: calls one after another share one."""
        with ProxyClient(self.target.file.base_url, tls=self._context.tls) as client:
            probe = Probe(replace(self._context, client=client))
            try:
                yield probe
            finally:
                self.exchanges += probe.exchanges
                self.sent += probe.sent
                self._cases |= probe._cases
                self._hung_up |= probe._hung_up

    def generated(self, case: Case, rule: str) -> GeneratedRequests:
        """What generated data showed in the operations of a case, asked for one rule.

        Raises NotTestableError where the target serves the case to its own machine alone.
        """
        self._must_be_served_here(case)
        if self._context.fuzzing is None:
            raise NotTestableError("the profile `fuzz` is not part of this run")
        return self._context.fuzzing.of(case, rule, self._context)

    @property
    def observer_host(self) -> str:
        """Host and port of the observer, as the proxy reaches it. Raises NotTestableError when there is none."""
        if self._context.observer is None:
            raise NotTestableError(f"{UNOBSERVED}: the kit has no other host to direct a call to")
        return urlsplit(self._context.observer.url).netloc

    @property
    def amp_urls(self) -> tuple[str, ...]:
        """The URLs that may stand for Amp's own servers: the public one, and where the observer plays them."""
        named, observer = self.target.file.observer, self._context.observer
        own = (named.personas.get(AMP) if named else None, observer.persona_url(AMP) if observer else None)
        public = self.reference.settings["amp.url"].default
        return tuple(str(url) for url in (public, *own) if url)

    def canary(self) -> str:
        """An invalid key whose text is unique, so that the kit finds it wherever it appears."""
        return self._context.secrets.add(f"canary-{random.token_hex(12)}-canary")

    def keep_secret(self, text: str) -> str:
        """A text that no report of the run may show, such as a digest of a key."""
        return self._context.secrets.add(text)

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
        pack: Callable[[bytes], bytes] | None = None,
        replies: Iterable[Reply] = (),
    ) -> Exchange:
        """Sends the request of a case, changed where something is said, and returns both hops.

        `pack` codes the body. `replies` is what the upstream answers, one each, before it is normal again. Raises
        NoAnswerError when the target answers nothing at all, unless a reply breaks off, for then that is how the
        transfer broke; and NotTestableError where the target serves the case to its own machine alone.
        """
        self._must_be_served_here(case)
        changes = Changes(
            target=target, more_query=more_query, method=method, more_headers=more_headers, body=body, pack=pack
        )
        request = self.request(case, credential=credential, changes=changes)
        return self.exchange(request, persona=self.persona_of(case), replies=self.written_for(case, replies))

    def called(self, case: Case) -> Codec | None:
        """What the upstream of a case's call is called in, where the target translates the call.

        Where the target file does not name the dialect, a call beyond what the check sends shows it. Raises
        UnservedError where that reaches no upstream.
        """
        if not isinstance(case, CallCase) or case.call.id != getattr(self.codec(case), "operation", None):
            return None
        if self.target.body_of(case.provider, case.call.dialect, case.model) != "translated":
            return None
        named = self.target.upstream_dialects(case.provider, case.call.dialect, case.model)
        return self._context.codecs[next(iter(named)) if len(named) == 1 else self._seen_dialect(case)]

    def _seen_dialect(self, case: CallCase) -> str:
        seen, key = self._context.dialects_seen, (case.provider.id, case.call.dialect, self.persona_of(case))
        if key not in seen:
            exchange = self.compare(replace(case, stream=False))
            dialects = [self.dialect_called(request) for request in exchange.upstream]
            known = [dialect for dialect in dialects if dialect in self._context.codecs]
            if not known:
                saying, wanted = "the call did not reach the upstream in a known dialect", "a request"
                raise UnservedError(saying, expected=wanted, actual="none", code="no-request", nonce=exchange.nonce)
            seen[key] = str(known[0])
        return seen[key]

    def upstream_carriers(self, case: CallCase) -> tuple[CredentialCarrier, ...]:
        """The carriers in which the upstream of a case's call takes its key: those of the dialect that is called."""
        persona, called = self.persona_of(case), self.called(case)
        if persona == AMP:
            return AMP_CARRIERS
        taking = [self.reference.providers[persona]]
        if called is not None:
            shape = called.table.error_shape
            taking += [provider for provider in self.reference.providers.values() if provider.error_shape == shape]
        found: dict[CredentialCarrier, None] = {}
        for provider in taking:
            found |= dict.fromkeys((provider.upstream_credential, *provider.upstream_credentials))
            found |= dict.fromkeys(provider.client_credentials)
        return tuple(found)

    def compare(self, case: Case) -> Exchange:
        """Sends the request of a case as the client does, to compare a failure with; beyond what its check sends."""
        sent = self.sent
        try:
            return self.send(case)
        finally:
            self.sent = sent

    def is_served(self, case: CallCase) -> bool:
        """Whether the target serves a plain call of a case's operation at all; the first call of a run shows it.

        That call is beyond what the check sends.
        """
        known, key = self._context.served, (case.provider.id, case.call.id, self.persona_of(case), case.stream)
        if key not in known:
            response = self.compare(case).response
            known[key] = 200 <= response.status < 300 and response.broken is None
        return known[key]

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

        Returns both hops, and all that was received, of which the exchange has the first answer. Raises NoAnswerError
        when there is none.
        """
        request = self.request(case, credential=credential, changes=Changes(more_headers=more_headers, body=body))
        answers: list[RawAnswer] = []
        script = tuple(replies)

        def deliver() -> Response:
            self._spend()
            url, patience = self.target.file.base_url, self._context.patience(script, len(request.body))
            answers.append(
                send_raw(
                    url,
                    wire(placed(request, url)),
                    timeout=patience.read,
                    longest=patience.whole,
                    responses=responses,
                    tls=self._context.tls,
                )
            )
            return answers[0].response()

        made = self._exchange(Sending(request=request, persona=self.persona_of(case), deliver=deliver, replies=script))
        return made, answers[0]

    def talk(
        self,
        case: Case,
        what: Talk,
        *,
        subprotocols: Iterable[str] = (),
        credential: Credential | None = None,
        replies: Iterable[Reply] = (),
    ) -> tuple[Exchange, Talked]:
        """Sends the request of a case with an offer to open a WebSocket, and talks on it where that is accepted.

        Returns both hops of the offer, and what the client saw on the WebSocket. Raises NoAnswerError when the offer
        gets no answer, and NotTestableError as `send` does.
        """
        self._must_be_served_here(case)
        changes = Changes(more_headers=offer_lines(*subprotocols))
        request = self.request(case, credential=credential, changes=changes)
        seen: list[Talked] = []
        script = tuple(replies)

        def deliver() -> Response:
            self._spend()
            timeout = self._context.patience(script).read
            response, talked = talk(self.target.file.base_url, request, what, timeout=timeout, tls=self._context.tls)
            seen.append(talked)
            return response

        made = self._exchange(Sending(request=request, persona=self.persona_of(case), deliver=deliver, replies=script))
        return made, seen[0]

    def leave_talk(self, case: Case, what: Talk, *, within: float) -> bool:
        """Talks on a WebSocket as `talk` does, and goes away.

        Whether the connection to the upstream was closed as well, within so many seconds; a WebSocket that the proxy
        does not open leaves none. Raises NotTestableError without an observer, and otherwise as `talk` does.
        """
        observer = self._context.observer
        if observer is None:
            raise NotTestableError(NO_OBSERVER)
        self._must_be_served_here(case)
        request = self.request(case, changes=Changes(more_headers=offer_lines()))
        nonce = nonce_of(request)
        self._spend()
        response, _ = talk(
            self.target.file.base_url, request, what, timeout=self._context.patience().read, tls=self._context.tls
        )
        try:
            return response.status != SWITCHING or observer.client_closed(nonce, within=within)
        finally:
            observer.forget(nonce)

    def send_in_turn(self, case: Case, requests: Iterable[tuple[Request, tuple[Reply, ...]]], *, rest: float) -> Turns:
        """Sends requests made by `request` on one connection of their own, each with what its upstream answers.

        After an answer the connection rests for so many seconds. Raises NoAnswerError when no request got one.
        """
        observer, every = self._context.observer, tuple(requests)
        for request, replies in every:
            self._spend()
            if observer is not None and replies:
                observer.script(nonce_of(request), replies)
        sent = (request for request, _ in every)
        url = self.target.file.base_url
        timeout = self._context.patience([reply for _, replies in every for reply in replies]).read
        answer, closed = send_in_turn(url, sent, rest=rest, timeout=timeout, tls=self._context.tls)
        answer.response()
        made = []
        for (request, _), response in zip(every, answer.responses, strict=False):
            sending = Sending(request=request, persona=self.persona_of(case), deliver=partial(_given, response))
            made.append(self._exchange(sending))
        return Turns(tuple(made), len(answer.sent_at), closed)

    def send_in_step(
        self,
        case: Case,
        steps: Holding,
        reply: Reply,
        *,
        more_headers: Iterable[tuple[str, str]] = (),
        credential: Credential | None = None,
    ) -> Exchange:
        """Sends the request of a case, which is answered by the pieces of `reply`, each when `steps` lets it go.

        Raises NotTestableError without an observer, and otherwise as `send` does.
        """
        observer = self._context.observer
        if observer is None:
            raise NotTestableError(NO_OBSERVER)
        request = self.request(case, credential=credential, changes=Changes(more_headers=more_headers))
        nonce = nonce_of(request)
        watch = steps.joined(nonce, counting(reply), observer.release)
        try:
            sending = Sending(
                request=request,
                persona=self.persona_of(case),
                deliver=lambda: self.deliver(request, watch, (reply,)),
                replies=self.written_for(case, (replace(reply, held=True),)),
            )
            return self._exchange(sending)
        finally:
            steps.left(nonce)

    def leave(self, case: Case, *, after: float, within: float, replies: Iterable[Reply]) -> bool:
        """Sends the request of a case and goes away when its answer has begun, or `after` so many seconds.

        A busy proxy may not have called its upstream by then; the client is more patient the next time.
        Whether the connection to the upstream was closed as well, within so many seconds. Raises Violation where
        the call had been answered in full, UnservedError where it reached no upstream, and NotTestableError without
        an observer.
        """
        observer, scripted = self._context.observer, self.written_for(case, replies)
        if observer is None:
            raise NotTestableError(NO_OBSERVER)
        for times in LONGER:
            left = self._leave(observer, self.request(case), after * times, within, scripted)
            if left is not None:
                return left
        raise NotTestableError("the proxy had not called its upstream when the client left")

    def _leave(
        self, observer: Observing, request: Request, after: float, within: float, replies: tuple[Reply, ...]
    ) -> bool | None:
        """The same for one request; None where the client left before the proxy called its upstream."""
        nonce = nonce_of(request)
        observer.script(nonce, replies)
        self._spend()
        url = self.target.file.base_url
        answer = send_raw(url, replace(whole(placed(request, url)), leave_after=after), tls=self._context.tls)
        try:
            if not observer.seen(nonce, at_least=1, within=SETTLING):
                if not answer.responses:
                    return None
                actual = f"no request; the client got status {answer.responses[0].status}"
                saying = "the call did not reach the upstream"
                raise UnservedError(saying, expected="a request", actual=actual, code="no-request", nonce=nonce)
            if answer.ending not in (Ending.LEFT, Ending.TIMEOUT):
                raise Violation("the call was answered in full", expected="half an answer", actual=answer.ending.value)
            return observer.client_closed(nonce, within=within)
        finally:
            observer.forget(nonce)

    @property
    def tls(self) -> SSLContext | None:
        """What calls to the target use for https; None for a target without."""
        return self._context.tls

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
        foreign, timeout = self._context.foreign, self._context.patience().read
        if foreign is None:
            raise NotTestableError(no_foreign_peer(self._context))
        request = self.request(case, changes=Changes(more_headers=more_headers))

        def deliver() -> Response:
            self._spend()
            return foreign.send(request, timeout=timeout)

        return self._exchange(Sending(request=request, persona=self.persona_of(case), deliver=deliver))


def counting(reply: Reply) -> Counting:
    """How many pieces of a reply a client has, told by what came: by the words that it says, or by its events."""
    if reply.says is not None:
        return words_seen(by_word(reply.says.text))
    return whole_pieces([data for _, data in reply.pieces or ()])
