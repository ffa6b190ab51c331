"""Whom calls to a target trust over TLS, as its file says."""

from __future__ import annotations

from pathlib import Path
from ssl import SSLContext

from ..errors import UsageError
from ..wire.address import Address
from ..wire.tls import context_for
from .target import Target


def tls_of(target: Target, folder: Path) -> SSLContext | None:
    """What calls to a target use for https, None for one that is called by http; `folder` is that of its file.

    Raises UsageError for a file that cannot be used.
    """
    if Address.of(target.file.base_url).scheme != "https":
        return None
    wanted = target.file.tls
    files = [None if path is None else folder / path for path in (wanted.ca_file, wanted.client_certificate)]
    try:
        return context_for(*files)
    except OSError as error:  # an error of OpenSSL is one
        named = ", ".join(str(file) for file in files if file is not None) or "the authorities of the environment"
        raise UsageError(
            f"tls: {named} cannot be used: {getattr(error, 'reason', None) or error.strerror or error}"
        ) from error
