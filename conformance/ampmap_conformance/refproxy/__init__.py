"""The executable form of the spec: a small proxy that does what the reference says, and its switchable defects.

May import `target` and what is below it; it knows no case and no check.
"""

from .behaviour import CORRECT, Behaviour
from .config import AmpUpstream, ProxyConfig, Upstream, config_for_observer
from .defects import DEFECTS, Defect, behaviour_with
from .server import ReferenceProxy

__all__ = [
    "CORRECT",
    "DEFECTS",
    "AmpUpstream",
    "Behaviour",
    "Defect",
    "ProxyConfig",
    "ReferenceProxy",
    "Upstream",
    "behaviour_with",
    "config_for_observer",
]
