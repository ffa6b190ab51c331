"""An SDK's client on its way through the target, and what both hops saw of its calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Self, TypeVar

from ...cases.cases import WARM_UP, ClientCase
from ...errors import BudgetSpentError, KitFaultError, NotTestableError, UnservedError, Violation
from ...observer import Observing, Reply
from ...probe.exchange import SETTLING
from ...probe.prerequisites import NO_OBSERVER
from ...probe.probe import Probe
from ...wire.lockstep import AHEAD, Steps
from ...wire.messages import Exchange, Headers, UpstreamRequest, media_type
from ...wire.sse import decode_body
from ..support.streams import in_words
from .factory import make_adapter
from .protocol import Adapter, Settings
from .wire import Line, new_nonce

T = TypeVar("T")
NO_KEY = "no-key"
SHOWN = 120


class Talk:
    """One client of an SDK; a context manager. What it sent is in the probe's exchanges when it is left.

    Raises NotTestableError where the SDK is not installed, and without an observer. `key` replaces the client's own.
    """

    def __init__(
        self, case: ClientCase, probe: Probe, *, retries: int = 0, timeout: float = 30.0, key: str | None = None
    ) -> None:
        self._case, self._probe = case, probe
        self.model = case.model
        self._nonce = new_nonce()
        self.text = f"Hello {self._nonce}"
        target, base_path = probe.target, case.provider.base_path or ""
        self._line = Line(
            target.file.base_url, self._nonce, self._spend, lambda nonce: not self._observer.seen(nonce), probe.tls
        )
        own = target.client.value if target.client else NO_KEY
        self._settings = Settings(
            self._line,
            target.file.base_url.rstrip("/") + base_path,
            own if key is None else key,
            {"amp-thread-id": f"T-{self._nonce}"},
            retries,
            timeout,
        )

    def __enter__(self) -> Self:
        self.sdk: Adapter = make_adapter(self._case.sdk, self._case.call.id, self._settings)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.close()
        exchanges = [self._exchange(record.nonce) for record in self._line.records]
        self._probe.exchanges += exchanges
        self._observer.forget(self._nonce)
        if self._line.fault is not None:
            raise self._line.fault
        for exchange in exchanges:
            for answer in exchange.answers:
                if answer.fault is not None:
                    raise KitFaultError(f"the observer's own answer for {exchange.persona} is wrong: {answer.fault}")

    def script(self, *replies: Reply) -> None:
        """What the upstream answers to the calls that follow, one each, before it is normal again."""
        self._observer.script(self._nonce, self._probe.written_for(self._case, replies))

    @contextmanager
    def end_held(self, steps: Steps, words: Sequence[str]) -> Iterator[Callable[[], None]]:
        """The next call is answered by these words; the end waits for a call of what this gives, or for `steps`.

        `steps` lets it go when nothing has happened for its patience, and is stalled then.
        """
        observer, every = self._observer, len(words) + 1

        def release(nonces: Iterable[str], parts: int) -> None:
            observer.release(nonces, every - 1 if parts <= AHEAD else every)

        self.script(replace(in_words(words), held=True))
        watch = steps.joined(self._nonce, len, release)
        try:
            yield lambda: watch(Headers(), bytes(AHEAD))
        finally:
            steps.left(self._nonce)

    def arrived(self) -> tuple[UpstreamRequest, ...]:
        """The requests that reached an upstream, less those that only open a connection."""
        seen = self._observer.seen(self._nonce, at_least=1, within=SETTLING)
        return tuple(one.request for one in seen if not one.request.path.endswith(f"/{WARM_UP}"))

    def succeeds(self, call: Callable[[], T], doing: str) -> T:
        """What a call gives. Raises Violation where it raises."""
        try:
            return call()
        except Exception as error:
            self._raise_fault()
            if self._case.sdk.reads_data_alone and (lines := self.added_lines()):
                saying = f"{doing} failed in the SDK, which cannot read lines that the proxy added"
                raise UnservedError(saying, expected="an answer", actual=lines[0], code="unreadable-lines") from error
            raise Violation(f"{doing} failed in the SDK", expected="an answer", actual=describe(error)) from error

    def fails(self, call: Callable[[], object], doing: str) -> Exception:
        """What a call raises. Raises Violation where it raises nothing."""
        try:
            call()
        except Exception as error:  # noqa: BLE001 - what kind it is, is for the check to judge
            self._raise_fault()
            return error
        raise Violation(f"{doing} raised nothing in the SDK", expected="an error", actual="an answer")

    def was_left(self, *, within: float) -> bool:
        """Whether a connection to an upstream was closed early, waiting so many seconds for it."""
        return self._observer.client_closed(self._nonce, within=within)

    def got(self) -> bytes:
        """All bytes of answers so far, of all calls."""
        return b"".join(record.response.body for record in self._line.records)

    def added_lines(self) -> tuple[str, ...]:
        """Lines of the streams so far that are not `data:`, and that no upstream sent."""
        seen = self._observer.seen(self._nonce)
        sent = {line for one in seen if one.answer is not None for line in one.answer.body.splitlines()}
        streams = [one.response for one in self._line.records if is_stream(one.response.headers)]
        lines = [line for one in streams for line in decode_body(one.headers, one.body).splitlines() if line.strip()]
        added = [line for line in lines if line not in sent and not line.startswith(b"data:")]
        return tuple(line.decode("utf-8", "replace") for line in added)

    @property
    def _observer(self) -> Observing:
        observer = self._probe.context.observer
        if observer is None:
            raise NotTestableError(NO_OBSERVER)
        return observer

    def _raise_fault(self) -> None:
        if isinstance(self._line.fault, BudgetSpentError | KitFaultError):
            raise self._line.fault

    def _spend(self) -> None:
        self._probe.context.budget.spend()
        self._probe.sent += 1

    def _exchange(self, nonce: str) -> Exchange:
        record = next(record for record in self._line.records if record.nonce == nonce)
        seen = self._observer.seen(nonce)
        self._observer.forget(nonce)
        return Exchange(
            record.request,
            record.response,
            tuple(one.request for one in seen),
            self._case.provider.id,
            tuple(one.answer for one in seen if one.answer is not None),
            record.begun,
            plain=False,
        )


def is_stream(headers: Headers) -> bool:
    """Whether an answer is a stream of events."""
    return media_type(headers.get("content-type")) == "text/event-stream"


def describe(error: BaseException) -> str:
    """An error in a few words."""
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0][:SHOWN]}" if lines else type(error).__name__


def names(kinds: Iterable[str]) -> str:
    """Class names as a text."""
    return " or ".join(kinds)
