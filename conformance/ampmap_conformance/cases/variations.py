"""The words of the axes that vary what goes wrong, or how a message looks; the checks hold what each stands for."""

from __future__ import annotations

from types import MappingProxyType

VARIATIONS = MappingProxyType(
    {
        "answer_form": ("spaced", "escaped", "in-pieces", "gzip"),
        "sse_form": (
            "crlf", "no-space", "several-lines", "odd-separators", "comments", "pings", "ids-and-retry", "long-line",
            "line-by-line", "in-pieces", "all-at-once", "split-characters", "known-length", "until-close",
        ),
        "rare_sse_form": ("carriage-returns", "byte-order-mark", "unknown-event", "bare-lines", "text-data"),
        "optional_parts": ("absent", "null"),
        "finish": ("stop", "tool_calls", "length", "filtered"),
        "stream_break": ("cut-at-once", "cut-in-event", "cut-between-events", "cut-before-end", "reset"),
        "stream_end": ("no-terminator", "no-events"),
        "pause": ("before-first-event", "between-events", "inside-event"),
        "body_break": ("cut", "reset", "one-byte-short"),
        "bad_json": ("empty", "null", "number", "text", "array", "truncated", "not-utf-8", "trailing-text"),
        "upstream_refusal": ("400", "413", "422"),
        "upstream_failure": ("401", "404", "429", "500", "503"),
        "odd_error": ("html", "empty", "event-stream", "list", "long", "unlisted-status"),
        "no_answer": ("closed", "reset"),
        "call_difference": ("stream", "version", "features", "query", "accept"),
        "body_size": ("2-mb", "8-mb", "20-mb"),
        "event_size": ("64-kb", "1-mb", "16-mb"),
        "dropped_call": ("closed", "reset", "half-read"),
        "failed_call": ("429", "500", "in-band-error", "cut", "silence", "left"),
        "any_method": ("HEAD", "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
        "own_error": ("no-credential", "no-operation", "no-object", "wrong-method", "no-upstream", "too-large"),
        "upstream_refused_count": ("401", "404", "429"),
        "answer_kind": ("whole", "error", "stream"),
        "malformed_credential": ("empty", "cut-short", "prolonged", "other-case", "null", "undefined"),
        "request_coding": ("gzip", "zstd"),
        "upstream_choice": ("host", "forwarding-headers", "method-override", "body-fields"),
        "climb": ("plain", "encoded", "doubled-slash"),
        "conflicting_framing": ("length-and-chunks", "two-lengths", "odd-coding", "space-before-colon"),
        "mapping_change": ("added", "other-target", "other-order"),
        "broken_address": ("unreadable", "no-scheme", "no-host", "other-scheme"),
        "array_form": ("no-alt", "alt-json"),
        "interim_status": ("100", "103"),
        "hidden_request": ("in-rejected-body", "behind-chunks"),
        "way_to_write": ("rename", "in-place", "symlink"),
        "sdk_status": ("400", "401", "403", "404", "409", "413", "422", "429", "500", "503", "529"),
        "sdk_retries": ("no-retry", "two-retries"),
        "retry_hint": ("do-not-retry", "retry-at-once"),
    }
)  # fmt: skip
"""Axis and its words, in the order of the cases."""
