"""WebSockets that the observer accepts as Amp's servers do: it answers each message, JSON-RPC by JSON-RPC."""

from __future__ import annotations

import json

from wsproto.connection import Connection as Frames
from wsproto.connection import ConnectionState, ConnectionType
from wsproto.events import CloseConnection, Event, Ping
from wsproto.utilities import ProtocolError

from ..dialects import bodies
from ..wire.messages import UpstreamRequest
from ..wire.websocket import SWITCHING, Said, accepting_lines, is_offer, message, spoken
from .answer import Answer
from .script import Reply, Switch
from .wire import ClosedError, Connection

PING, PONG = "ping", "pong"
"""Text by which a client asks whether the other end is there, and its answer."""


def accepted(request: UpstreamRequest, reply: Reply) -> Answer | None:
    """The answer that opens the WebSocket which a request offers; None where it offers none, or another is scripted."""
    if reply.status is not None or not is_offer(request.method, request.headers):
        return None
    switch = reply.switch or Switch()
    greeting = Frames(ConnectionType.SERVER).send(message(switch.greeting)) if switch.greeting else b""
    return Answer(SWITCHING, accepting_lines(request.headers), ((0.0, greeting),) if greeting else (), switch=switch)


def converse(connection: Connection, switch: Switch) -> None:
    """Answers every message on an open WebSocket until it is closed. Raises ClosedError when the peer goes away."""
    frames, parts = Frames(ConnectionType.SERVER), list[Said]()
    while frames.state is not ConnectionState.CLOSED:
        frames.receive_data(connection.take_any())
        try:
            for event in spoken(frames, parts):
                for reaction in _reactions(frames, event, switch):
                    connection.put(frames.send(reaction))
        except ProtocolError:
            raise ClosedError from None
    if switch.closes is None:  # the peer closed it
        raise ClosedError


def _reactions(frames: Frames, event: Event | Said, switch: Switch) -> list[Event]:
    """What is sent for what came; nothing where the closing of this end is under way."""
    if frames.state not in (ConnectionState.OPEN, ConnectionState.REMOTE_CLOSING):
        return []
    match event:
        case str() | bytes():
            answer: Event = message(answer_to(event))
            return [answer] if switch.closes is None else [answer, CloseConnection(code=switch.closes)]
        case Ping() | CloseConnection():
            return [event.response()]
        case _:
            return []


def answer_to(said: Said) -> Said:
    """What a message is answered: a call by JSON-RPC its result, which names the call, and any other message itself."""
    if said == PING:
        return PONG
    try:
        call = json.loads(said)
    except ValueError:
        return said
    if not isinstance(call, dict) or call.get("jsonrpc") != "2.0" or "method" not in call or "id" not in call:
        return said
    result = {"method": call["method"], "params": call.get("params")}
    return bodies.dump({"jsonrpc": "2.0", "id": call["id"], "result": result}).decode()
