"""The program that runs users: `python -m ampmap_conformance.soak.load`, told what to do on its standard input.

It reads one line of JSON (`Briefing`), and stops its users when another line, or the end, comes. It writes lines of
JSON: `{"ready": ...}`, a `sample` each second, and at the end `{"end": ...}`. Importing Locust has gevent replace
sockets, locks and threads, so this is the first thing that happens here, and happens in no other process of the kit.
"""

from __future__ import annotations

import locust  # noqa: F401 - before all that uses sockets and threads

from .loading import main

if __name__ == "__main__":
    main()
