"""The schemas that an endpoint states. The vendored module does without this part."""

from __future__ import annotations

from collections.abc import Iterator

from .base import Json
from .wire import Endpoint, Operation

BODIES = {"request_schema": "request", "response_schema": "response", "event_schema": "event"}
"""Fields of an operation that hold a schema, and what its component's name ends with."""


def schemas_of(endpoint: Endpoint) -> Iterator[tuple[tuple[str, ...], Json]]:
    """Every schema that an endpoint states, with its place in the endpoint."""
    for name, schema in endpoint.schemas.items():
        yield ("schemas", name), schema
    for operation_id, operation in endpoint.operations.items():
        yield from ((("operations", operation_id, *at), schema) for at, schema in _schemas_of(operation))


def _schemas_of(operation: Operation) -> Iterator[tuple[tuple[str, ...], Json]]:
    for field in BODIES:
        if (schema := getattr(operation, field)) is not None:
            yield (field,), schema
    for name, schema in operation.query.items():
        yield ("query", name), schema
