"""The users of a soak as Locust knows them. Loaded where gevent has replaced sockets and threads, see `load.py`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import ClassVar

from locust import User, constant, task
from locust.env import Environment

from ..errors import BudgetSpentError, ObserverGoneError, place_of
from .caller import Caller, Shared
from .calls import Planned
from .judge import Made

PAUSE = 0.05
"""Seconds between two calls of a user."""


class SoakUser(User):
    """A user with a connection of its own."""

    abstract = True
    wait_time = constant(PAUSE)
    shared: ClassVar[Shared]
    streams: ClassVar[bool]

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._caller = Caller(self.shared)

    def on_start(self) -> None:
        """Begins."""
        if self.streams:
            self.shared.gate.join()

    def on_stop(self) -> None:
        """Ends."""
        if self.streams:
            self.shared.gate.leave()
        self._caller.close()

    def made(self, make: Callable[[], tuple[Planned, Made, str]]) -> None:
        """Makes a call and tells Locust of it."""
        try:
            call, made, broken = make()
        except (BudgetSpentError, ObserverGoneError) as error:
            self.shared.tally.fault(str(error))
            return
        except Exception as error:
            self.shared.tally.fault(place_of(error))
            logging.getLogger(__name__).debug("a call could not be made", exc_info=error)
            return
        response = made.exchange.response
        self.environment.events.request.fire(
            request_type=call.kind.value,
            name=f"{call.case.provider.id} {call.case.call.id}",
            response_time=response.seconds * 1000,
            response_length=len(response.body),
            exception=AssertionError(broken) if broken else None,
            context={},
        )


class Streaming(SoakUser):
    """A user who reads streams that are held."""

    weight = 3
    streams = True

    @task
    def stream(self) -> None:
        """One stream."""
        self.made(self._caller.held)


class Calling(SoakUser):
    """A user who makes short calls meanwhile."""

    weight = 1
    streams = False

    @task
    def call(self) -> None:
        """One call."""
        self.made(self._caller.short)


def user_classes(shared: Shared) -> list[type[User]]:
    """The kinds of users."""
    SoakUser.shared = shared
    return [Streaming, Calling]
