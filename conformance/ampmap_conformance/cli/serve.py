"""The commands that run servers: `observe` and `serve`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ..errors import UsageError
from ..reference.types import Reference
from .log import logging


def observe(
    listen: str,
    reference: Reference,
    personas: Iterable[str] = (),
    token_env: str | None = None,
    *,
    strict: bool = False,
    log: Path | None = None,
) -> int:
    """Runs the observer as a server; `personas` are `NAME=HOST:PORT`, `token_env` names the variable with the token."""
    from ..observer import serve_observer

    host, port = address(listen)
    own = dict(_persona_address(text) for text in personas)
    token = None
    if token_env is not None and not (token := os.environ.get(token_env, "").strip()):
        raise UsageError(f"--token-env: the environment variable {token_env} is not set or empty")
    try:
        with logging(log, [token or ""]) as calls:
            heard = calls.seen if calls is not None else None
            serve_observer(host, port, reference, personas=own, token=token, strict=strict, heard=heard)
    except LookupError as error:
        raise UsageError(f"--persona: {error.args[0]}") from error
    except OSError as error:
        raise UsageError(f"--listen: {listen}: {error.strerror or error}") from error
    return 0


def serve(listen: str, defects: tuple[str, ...], reference: Reference, *, log: Path | None = None) -> int:
    """Runs the reference proxy as a server."""
    from ..refproxy.serve import serve_proxy

    host, port = address(listen)
    check_defects(defects)
    try:
        with logging(log, []) as calls:
            heard = calls.exchange if calls is not None else None
            serve_proxy(host, port, defects, reference, heard=heard)
    except OSError as error:
        raise UsageError(f"--listen: {listen}: {error.strerror or error}") from error
    return 0


def check_variant(variant: str) -> None:
    """Raises UsageError for an unusual proxy that there is not."""
    from ..files import did_you_mean
    from ..refproxy.variants.variants import VARIANTS

    if variant not in VARIANTS:
        near = did_you_mean(variant, list(VARIANTS)) or f"; expected one of {', '.join(sorted(VARIANTS))}"
        raise UsageError(f"--variant: unknown variant `{variant}`{near}")


def check_defects(defects: tuple[str, ...]) -> None:
    """Raises UsageError for a defect that the reference proxy does not have."""
    from ..files import did_you_mean
    from ..refproxy import under_load
    from ..refproxy.defects import DEFECTS

    known = (*DEFECTS, *under_load.DEFECTS)
    for defect in defects:
        if defect not in known:
            near = did_you_mean(defect, list(known)) or "; run `ampmap-conformance defects` to list them"
            raise UsageError(f"--defect: unknown defect `{defect}`{near}")


def _persona_address(text: str) -> tuple[str, tuple[str, int]]:
    persona, equals, listen = text.partition("=")
    if not equals:
        raise UsageError(f"--persona: `{text}` is invalid; expected NAME=HOST:PORT")
    return persona, address(listen, "--persona")


def address(listen: str, option: str = "--listen") -> tuple[str, int]:
    """Host and port of `HOST:PORT`. Raises UsageError for anything else."""
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdigit() or int(port) > 65535:
        raise UsageError(f"{option}: `{listen}` is invalid; expected HOST:PORT")
    return host, int(port)
