"""Requests as the Amp client writes them, and answers as an agent gets them, by the reference's operations."""

from __future__ import annotations

import json
from typing import Any

from ...cases.cases import CallCase
from ...dialects import bodies
from ...probe.requests import BLANK


def client_request(case: CallCase) -> bytes:
    """A call with every field that clients send for its operation."""
    plain = bodies.request_body(case.call, case.model, f"Say hi. {BLANK}", stream=case.stream)
    return _with(plain, case.call.operation.client_request)


def rare_request(case: CallCase) -> bytes:
    """A call that is valid in the case's dialect, and of a form that is easily taken for invalid."""
    plain = bodies.request_body(case.call, case.model, f"Say hi. {BLANK}", stream=False)
    return _with(plain, case.call.operation.rare_request)


def rich_answer(case: CallCase) -> bytes:
    """A whole answer with thinking, a call of a tool, and details of its usage."""
    return _with(bodies.response_body(case.call, case.model), case.call.operation.rich_response)


def _with(plain: bytes, members: Any) -> bytes:
    """A body with further members; those that are null are left out."""
    whole = {**json.loads(plain), **(members or {})}
    left_out = {name for name, value in (members or {}).items() if value is None}
    return bodies.dump({name: value for name, value in whole.items() if name not in left_out})
