"""How stack traces look, by which an answer that shows one is known."""

from __future__ import annotations

import re

TRACES = re.compile(
    r"Traceback \(most recent call last\)|File \"[^\"]+\", line \d+|\bgoroutine \d+ \[|\bpanic:|"
    r"\.(?:go|py|rs|rb|java|kt|php|cs):\d+\b|\.[cm]?[jt]s:\d+:\d+|\bat [\w.$<>]+ ?\([^)]*:\d+\)"
)
"""How stack traces look in the languages that proxies are written in."""
