"""What the client of an edition puts into the request of a case: made once for each call, filled with each nonce."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from ..cases.cases import CallCase, Case, ManagementCase
from ..dialects import bodies
from ..dialects.schemas import Schemas
from ..errors import KitFaultError
from ..reference.types import Header, Reference
from ..version import version

BLANK = "ampmap-0000000000000000"
"""Stands for the nonce in a form."""


class RequestForms:
    """The bodies and headers of one reference. Safe to share among threads."""

    def __init__(self, reference: Reference, schemas: Schemas) -> None:
        self._reference = reference
        self._schemas = schemas
        self._bodies: dict[Hashable, bytes] = {}
        self._lines: dict[Hashable, tuple[tuple[str, str], ...]] = {}

    def body(self, case: Case, nonce: str) -> bytes:
        """The body of a case. Raises KitFaultError when it is not what the reference's own schema says."""
        if isinstance(case, ManagementCase) and case.verb in ("POST", "PUT", "PATCH"):
            return bodies.dump({"probe": nonce})
        if not isinstance(case, CallCase):
            return b""
        key = (case.provider.id, case.call.dialect, case.call.id, case.model, case.stream)
        form = self._bodies.get(key)
        if form is None:
            form = self._bodies[key] = self._made(case)
        return form.replace(BLANK.encode(), nonce.encode())

    def lines(self, case: Case, nonce: str, *, has_body: bool) -> tuple[tuple[str, str], ...]:
        """The header lines of a case, less Host and the credentials."""
        key = (case.provider.id, case.call.dialect) if isinstance(case, CallCase) else None
        form = self._lines.get((key, has_body))
        if form is None:
            form = self._lines[key, has_body] = self._made_lines(case, has_body=has_body)
        return tuple((name, value.replace(BLANK, nonce)) for name, value in form)

    def headers_of(self, role: str) -> Iterator[tuple[Header, tuple[str, ...]]]:
        """Headers of a role on proxied calls, each with the providers that it is for; none means all."""
        for group in self._reference.headers.values():
            if group.role == role and group.applies_to in ("via-proxy", "all"):
                for header in group.headers:
                    yield header, header.providers or group.providers

    def _made(self, case: CallCase) -> bytes:
        body = bodies.request_body(case.call, case.model, f"Say hi. {BLANK}", stream=case.stream)
        if body and (problem := self._schemas.request(case.call, body)):
            raise KitFaultError(f"the kit's own request for {case.provider.id} {case.call.id} is wrong: {problem}")
        return body

    def _made_lines(self, case: Case, *, has_body: bool) -> tuple[tuple[str, str], ...]:
        lines: dict[str, str] = {"user-agent": f"ampmap-conformance/{version()} ({BLANK})"}
        if isinstance(case, CallCase):
            lines |= self._reference.endpoints[case.call.dialect].request_headers
        for header in self._client_headers(case):
            name = header.name.lower()
            if header.form and "{api_key}" not in header.form and name not in lines:
                lines[name] = str(bodies.fill(header.form, thread_id=f"T-{BLANK}", message_id="1"))
        if has_body:
            lines["content-type"] = "application/json"
        return tuple(lines.items())

    def _client_headers(self, case: Case) -> Iterator[Header]:
        provider = case.provider.id if isinstance(case, CallCase) else None
        for header, providers in self.headers_of("client-sends"):
            if header.presence != "conditional" and (not providers or provider in providers):
                yield header
