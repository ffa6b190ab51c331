"""How the request of a check differs from the one that the client of the edition sends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from ..wire.messages import Request
from .requests import BLANK


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Changes to a request; what is not named stays as the client sends it."""

    target: str | None = None
    """Path and query."""
    more_query: str = ""
    """Added behind the query, without `?` or `&`."""
    method: str | None = None
    more_headers: Iterable[tuple[str, str]] = ()
    body: bytes | None = None
    """The nonce of the request takes the place of `BLANK` in it."""
    pack: Callable[[bytes], bytes] | None = None
    """Codes the body when the nonce is in it: whatever decodes it upstream must leave the nonce there."""

    def applied_to(self, request: Request, nonce: str) -> Request:
        """The request with the changes in it."""
        target = request.target if self.target is None else self.target
        if self.more_query:
            target += f"{'&' if '?' in target else '?'}{self.more_query}"
        body = request.body if self.body is None else self.body.replace(BLANK.encode(), nonce.encode())
        if self.pack is not None:
            body = self.pack(body)
        return replace(
            request,
            method=self.method or request.method,
            target=target,
            headers=request.headers.adding(*self.more_headers),
            body=body,
        )


UNCHANGED = Changes()
