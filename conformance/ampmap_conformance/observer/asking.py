"""Tools that the observer asks a client for: each once, of the first request that offers it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace

from ..dialects.samples import sample
from ..meanings import Completion, Finish, ToolCall
from ..wire.messages import UpstreamRequest
from .demands import CALL, USAGE
from .personas import Personas
from .script import Reply


class ToolAsks:
    """The tools that are still to be asked for. Thread-safe.

    A call without arguments (None) gets the smallest ones that fit what the request says of them.
    """

    def __init__(self, wanted: Iterable[ToolCall]) -> None:
        self._lock = threading.Lock()
        self._wanted = list(wanted)

    def reply(self, personas: Personas, request: UpstreamRequest) -> Reply:
        """The call of a tool that the request offers and that is to be asked for, else the normal reply."""
        if not self._wanted:
            return Reply.normal()
        offered = {tool.name: tool for tool in personas.offered_tools(request)}
        with self._lock:
            call = next((each for each in self._wanted if each.name in offered), None)
            if call is None:
                return Reply.normal()
            self._wanted.remove(call)
        given = call.arguments if call.arguments is not None else sample(offered[call.name].parameters) or {}
        return Reply(says=Completion("", (replace(call, arguments=given, id=CALL),), Finish.TOOL_CALLS, USAGE))
