"""What a check looks up about its case: headers by role, error shapes, and the model of an upstream request."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from ..cases.cases import CallCase, Case, back_end_of
from ..errors import NotTestableError
from ..meanings import Codec, Conversation
from ..reference.types import CredentialCarrier, ErrorShape
from ..wire.messages import AMP, Headers, UpstreamRequest
from .context import RunContext

AMP_CARRIERS: tuple[CredentialCarrier, ...] = ("authorization-bearer", "x-api-key")
"""The carriers in which Amp's own servers take a key."""
MODEL_IN_PATH = re.compile(r"/models/([^/:?]+)")
"""Where a path of Google's names its model."""


class Lookups:
    """Answers from the reference of a run; sends nothing."""

    def __init__(self, context: RunContext) -> None:
        self.reference = context.reference
        self.target = context.target
        self.schemas = context.schemas
        self._forms = context.forms
        self._calls = context.calls
        self._codecs = context.codecs

    def persona_of(self, case: Case) -> str:
        """Whom a case's call is for: the id of a provider, or `AMP`."""
        return back_end_of(case, self.target)

    def upstream_target(self, case: CallCase) -> str:
        """Path and query that must arrive at a case's own provider, or at Amp's servers where these serve the call."""
        return case.target if self.persona_of(case) == AMP else case.upstream_target

    def may_get_client_key(self, upstream: UpstreamRequest) -> bool:
        """Whether an upstream request may hold the client's key: one at Amp's servers, whose key it is."""
        return upstream.persona == AMP and self.target.policy.client_key == "amp"

    def must_name_provider(self, case: CallCase) -> None:
        """Raises NotTestableError unless the provider's id stands in its path on this target."""
        if f"/{case.provider.id}/" not in f"{case.target.partition('?')[0]}/":
            raise NotTestableError("the path of the provider on this target does not contain its id")

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
            for header, providers in self._forms.headers_of("client-sends")
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
            if header.form and header.name.lower() not in credentials and sent.get(header.name) is not None
        )

    def header_names(self, role: str) -> tuple[str, ...]:
        """Names, in lower case, of all headers of a role."""
        return tuple(header.name.lower() for header, _ in self._forms.headers_of(role))

    def relayed_headers(self, case: CallCase, presence: str) -> tuple[str, ...]:
        """Headers of this provider's answers that the client needs, with a given presence."""
        return tuple(
            header.name
            for header, providers in self._forms.headers_of("relay-to-client")
            if header.presence == presence and (not providers or case.provider.id in providers)
        )

    def asked(self, upstream: UpstreamRequest) -> Conversation | None:
        """What a request says that reached an upstream; None where it is not a call of a known dialect."""
        match = self._calls.match(upstream)
        if match is None:
            return None
        codec = self._codecs.get(match.call.dialect)
        if codec is None or match.call.id != codec.operation:
            return None
        return codec.read_request(upstream.json(), model=match.model, stream=match.streams)

    def codec(self, case: CallCase) -> Codec | None:
        """What reads and writes the dialect of a case's call; None for a dialect without answers of models."""
        return self._codecs.get(case.call.dialect)

    def dialect_called(self, upstream: UpstreamRequest) -> str | None:
        """The dialect in which an upstream was called; None where the request is not a call of a provider."""
        return self._calls.dialect(upstream)

    def model_of(self, case: CallCase, upstream: UpstreamRequest) -> str:
        """The model that an upstream request names, in its body or in its path; empty for none.

        A proxy may have called another dialect, or another form of the path, than the client did: what arrived
        tells where its model stands.
        """
        if case.call.operation.model_in == "path":
            before, _, after = self.upstream_target(case).partition("?")[0].partition(quote(case.model, safe=""))
            if upstream.path.startswith(before) and upstream.path.endswith(after):
                return unquote(upstream.path.removeprefix(before).removesuffix(after))
        body = upstream.json() if upstream.body else None
        if isinstance(body, dict) and "model" in body:
            return str(body["model"])
        found = MODEL_IN_PATH.search(upstream.path)
        return unquote(found[1]) if found else ""
