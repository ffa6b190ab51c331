"""The recording, scriptable upstream: it plays every provider and Amp's own servers.

May import `meanings`, `dialects`, `wire` and `reference`.
"""

from ..errors import ObserverGoneError
from ..wire.messages import AMP
from ..wire.redaction import new_nonce
from .answer import Answer
from .api import Observing
from .control import CLIENT_CLOSED
from .records import Seen
from .remote import RemoteObserver
from .script import End, Form, Framing, Gzip, Reply, StreamFault, Switch, fail_then_succeed
from .serve import serve_observer
from .server import Observer

__all__ = [
    "AMP",
    "CLIENT_CLOSED",
    "Answer",
    "End",
    "Form",
    "Framing",
    "Gzip",
    "Observer",
    "ObserverGoneError",
    "Observing",
    "RemoteObserver",
    "Reply",
    "Seen",
    "StreamFault",
    "Switch",
    "fail_then_succeed",
    "new_nonce",
    "serve_observer",
]
