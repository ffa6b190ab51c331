"""Where tests find the files of the checkout."""

from __future__ import annotations

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
CONFORMANCE = CHECKOUT / "conformance"
EVIDENCE = CONFORMANCE / "evidence"
GUIDES = CHECKOUT / "site" / "docs" / "guides"
