"""Whom the kit trusts over TLS: the same for every client that it has."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import certifi

OF_THE_ENVIRONMENT = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Variables by which OpenSSL is told other authorities; Python reads them where it loads the default ones."""


def context_for(ca_file: Path | None = None, client_certificate: Path | None = None) -> ssl.SSLContext:
    """What clients use for https: the system's authorities and certifi's, or those that the environment names.

    `ca_file` has further authorities, and `client_certificate` a certificate with its key, both in PEM. Raises OSError
    for a file that cannot be read or used.
    """
    context = ssl.create_default_context()
    if not any(os.environ.get(name) for name in OF_THE_ENVIRONMENT):
        context.load_verify_locations(certifi.where())
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    if client_certificate is not None:
        context.load_cert_chain(client_certificate)
    return context


def why_refused(error: BaseException | None) -> str:
    """Why a handshake failed, in the words of OpenSSL; empty where it says nothing."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        if isinstance(error, ssl.SSLError) and error.reason:
            return error.reason.lower().replace("_", " ")
        error = error.__cause__ or error.__context__
    return ""
