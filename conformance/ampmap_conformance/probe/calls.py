"""Makes the requests of cases, exchanges them with the target, and keeps both hops."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from contextlib import nullcontext
from dataclasses import replace

from ..cases.cases import CallCase, Case, ManagementCase
from ..errors import NotTestableError
from ..observer.script import Form, Reply
from ..wire.address import Address
from ..wire.client import ProxyClient, Watch
from ..wire.credentials import Credential, as_client_sends, holding
from ..wire.foreign_peer import is_loopback
from ..wire.messages import Exchange, Headers, Request, Response, nonce_of
from ..wire.redaction import new_nonce
from .changes import UNCHANGED, Changes
from .context import LARGE, RunContext
from .exchange import Sending, both_hops
from .lookups import Lookups
from .prerequisites import NO_SECOND_CLIENT

ALONE = frozenset({"CONNECT", "TRACE"})
MUCH = 1 << 16
"""Bytes of a header or a body before whose end a proxy may well answer."""


def spoils_connection(request: Request) -> bool:
    """Whether a proxy may rightly leave a connection in an odd state behind a request: no other one then uses it."""
    told = any(name in request.headers for name in ("connection", "upgrade", "expect"))
    size = max((len(request.body), *(len(value) for _, value in request.headers)))
    return told or request.method in ALONE or size > MUCH


FIRST_ERROR = 300
"""Statuses from here on have bodies that are the same in every dialect, or an error's own shape."""


class Calls(Lookups):
    """The requests of one case's probes. Each carries a nonce of its own, by which its upstream request is found."""

    def __init__(self, context: RunContext, turn: int = 0) -> None:
        super().__init__(context)
        self._context = context
        self._turn = turn
        """Which of several attempts at its check this probe is for."""
        self.exchanges: list[Exchange] = []
        self.sent = 0
        """Requests that were sent to the target."""
        self._cases: dict[str, Case] = {}
        self._hung_up: set[str] = set()

    def case_of(self, nonce: str) -> Case | None:
        """The case whose request carries a nonce; None for a request that this probe did not make."""
        return self._cases.get(nonce)

    def is_hung_up(self, nonce: str) -> bool:
        """Whether the upstream of a request was told to give no answer."""
        return nonce in self._hung_up

    @property
    def context(self) -> RunContext:
        """What all probes of the run share, for checks in which an SDK sends the requests."""
        return self._context

    @property
    def client_key(self) -> str:
        """The key that the proxy accepts. Raises NotTestableError when none is known."""
        if self.target.client is None:
            raise NotTestableError("no client key: set one under `credentials.client`")
        return self.target.client.value

    @property
    def second_client_key(self) -> str:
        """Another client's key. Raises NotTestableError when none is known."""
        if self.target.second_client is None:
            raise NotTestableError(NO_SECOND_CLIENT)
        return self.target.second_client.value

    @property
    def is_observed(self) -> bool:
        """Whether the upstream side can be seen."""
        return self._context.observer is not None

    def require_client_key(self) -> None:
        """For checks that send none: raises NotTestableError when the target has no key that could be missing."""
        _ = self.client_key

    def request(self, case: Case, *, credential: Credential | None = None, changes: Changes = UNCHANGED) -> Request:
        """The request of a case as the client of the edition sends it, with a new nonce, and with `changes` in it.

        `credential` replaces the client's own.
        """
        nonce = new_nonce()
        self._cases[nonce] = case
        sent = self._own_credential(case) if credential is None else credential
        body = self._forms.body(case, nonce)
        headers = self._forms.lines(case, nonce, has_body=bool(body))
        target = case.target
        for pair in sent.query:
            target += f"{'&' if '?' in target else '?'}{pair}"
        host = ("Host", self._client_for(case).host)
        return changes.applied_to(Request(case.method, target, Headers((host, *sent.lines, *headers)), body), nonce)

    def send_once(self, key: Hashable, send: Callable[[], Exchange]) -> Exchange:
        """What `send` comes to. In each attempt it is sent once for all checks of the run that ask by the same key.

        Raises what `send` raises.
        """
        exchange, is_own = self._context.answers.of((self._turn, key), send)
        if not is_own:
            self.exchanges.append(exchange)
        return exchange

    def exchange(self, request: Request, *, persona: str, replies: tuple[Reply, ...] = ()) -> Exchange:
        """Sends a request made by `request` (or changed from one) and returns both hops."""
        return self._exchange(
            Sending(
                request=request,
                persona=persona,
                deliver=lambda: self.deliver(request, replies=replies),
                replies=replies,
                plain=not replies,
            )
        )

    def deliver(self, request: Request, watch: Watch | None = None, replies: Iterable[Reply] = ()) -> Response:
        """Puts a request on the wire that the upstream answers with `replies`.

        Raises NoAnswerError, and BudgetSpentError when it may not.
        """
        self._spend()
        nonce, observer = nonce_of(request), self._context.observer

        def lost() -> bool:
            if observer is not None and observer.seen(nonce):
                return False
            self._context.budget.spend()
            return True

        patience = self._context.patience(replies, len(request.body))
        return self._client_for(self.case_of(nonce)).send(
            request,
            timeout=patience.read,
            whole=patience.whole,
            watch=watch,
            lost=lost,
            alone=spoils_connection(request),
        )

    def _exchange(self, sending: Sending) -> Exchange:
        if self._context.on_send is not None:
            self._context.on_send(sending)
        if any(reply.hangs_up for reply in sending.replies):
            self._hung_up.add(nonce_of(sending.request))
        large = self._context.large if sending.size > LARGE else nullcontext()
        with large:
            return both_hops(sending, self._context.observer, self.exchanges.append, self._context.budget.heard)

    def _spend(self) -> None:
        self._context.budget.spend()
        self.sent += 1

    def _must_be_served_here(self, case: Case) -> None:
        if self._is_kept_local(case) and self._context.near is None:
            raise NotTestableError("the target serves this only on its own machine, and is not reached there")

    def _is_kept_local(self, case: Case | None) -> bool:
        """Whether the target serves a case to its own machine alone, and is called from elsewhere."""
        local = is_loopback(Address.of(self.target.file.base_url).host)
        return isinstance(case, ManagementCase) and not local and self.target.claims("localhost-only")

    def _client_for(self, case: Case | None) -> ProxyClient:
        """The client that sends the calls of a case."""
        near = self._context.near
        return near if near is not None and self._is_kept_local(case) else self._context.client

    def written_for(self, case: Case, replies: Iterable[Reply]) -> tuple[Reply, ...]:
        """Replies that say of which form their bytes are: that of the case's call, unless they say another."""
        if not isinstance(case, CallCase):
            return tuple(replies)
        return tuple(
            replace(reply, form=Form(case.call.dialect, case.stream or reply.pieces is not None))
            if _has_success(reply)
            else reply
            for reply in replies
        )

    def _own_credential(self, case: Case) -> Credential:
        if self.target.client is None:
            return Credential()
        key = self.target.client.value
        if isinstance(case, CallCase):
            return as_client_sends(case.provider, key)
        return holding("authorization-bearer", key)


def _has_success(reply: Reply) -> bool:
    """Whether a reply has bytes of a model's answer, and does not say of which form."""
    given = reply.body is not None or reply.pieces is not None
    return given and reply.form is None and (reply.status is None or reply.status < FIRST_ERROR)
