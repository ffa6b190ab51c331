"""What the observer saw, as JSON and back: bytes as base64, times as seconds before now.

A body that ends a request as it was received is sent once: of it, the number of bytes is told.

The two ends have clocks of their own, so a time travels as an age; it is right but for the time of the call itself.
"""

from __future__ import annotations

import base64
from typing import Any

from ..wire.messages import Headers, UpstreamAnswer, UpstreamRequest
from .records import Seen


def encoded(seen: Seen, now: float) -> dict[str, Any]:
    """One request and its answer as plain data; `now` is this end's monotonic time."""
    request, answer = seen.request, seen.answer
    return {
        "persona": request.persona,
        "method": request.method,
        "target": request.target,
        "headers": [list(line) for line in request.headers],
        "body": len(request.body) if request.raw.endswith(request.body) else _text(request.body),
        "raw": _text(request.raw),
        "connection": request.connection,
        "turn": request.turn,
        "age": now - request.at,
        "events": [[now - at, event] for at, event in tuple(request.events)],
        "answer": None
        if answer is None
        else {
            "status": answer.status,
            "headers": [list(line) for line in answer.headers],
            "body": _text(answer.body),
            "sent": [now - at for at in answer.sent_at],
            "fault": answer.fault,
        },
    }


def decode_seen(data: dict[str, Any], now: float) -> Seen:
    """The reverse of `encoded`. Raises KeyError, TypeError or ValueError for anything else."""
    raw, body = base64.b64decode(data["raw"]), data["body"]
    request = UpstreamRequest(
        persona=data["persona"],
        method=data["method"],
        target=data["target"],
        headers=_lines(data["headers"]),
        body=raw[len(raw) - body :] if isinstance(body, int) else base64.b64decode(body),
        raw=raw,
        connection=data["connection"],
        at=now - data["age"],
        turn=data.get("turn", 1),
        events=[(now - age, event) for age, event in data["events"]],
    )
    told = data["answer"]
    if told is None:
        return Seen(request, None)
    return Seen(
        request,
        UpstreamAnswer(
            status=told["status"],
            headers=_lines(told["headers"]),
            body=base64.b64decode(told["body"]),
            sent_at=tuple(now - age for age in told["sent"]),
            fault=told["fault"],
        ),
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _lines(lines: Any) -> Headers:
    return Headers(tuple((str(name), str(value)) for name, value in lines))
