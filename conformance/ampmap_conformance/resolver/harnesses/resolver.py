"""A resolver of auth modes and its harness, with nothing but the standard library.

    ampmap-conformance resolve-auth --command "python3 resolver.py"

`resolve` is the resolver; put your own in its place. `main` is the harness: one JSON object a line, in and out.
"""

from __future__ import annotations

import json
import sys
from typing import Any

PREFERENCE = ("byok", "metered", "shared", "host-session", "local")


class RefusedError(Exception):
    """The dispatch ends here; `code` is None where the platform's code is not known."""

    def __init__(self, code: str | None, message: str) -> None:
        super().__init__(message)
        self.code = code


def resolve(profile: dict[str, Any], policy: dict[str, Any], provider: dict[str, Any], place: dict[str, Any]) -> str:
    """The auth mode of a dispatch. Raises RefusedError."""
    allowed = set(PREFERENCE)
    for scope in ("system", "org", "project"):
        allowed -= {mode for mode in allowed if denied(policy[scope], profile, mode)}
    left = allowed & set(profile["auth_modes"]) & set(provider["auth_modes"])
    if not left:
        raise RefusedError("AUTHMODES_UNSATISFIABLE", "profile and policy have no mode in common")
    mode = min(left, key=PREFERENCE.index)
    if mode in ("host-session", "local") and place["runs_on"] == "cloud":
        raise RefusedError("AUTH_MODE_REQUIRES_LOCAL_CAPACITY", f"{mode} does not run in the cloud")
    if mode == "metered" and not (place["metered_enabled"] and place["metered_key"]):
        raise RefusedError(None, "metered is not available")
    if mode == "shared" and not place["shared_quota"]:
        raise RefusedError("SHARED_QUOTA_EXCEEDED", "the quota is used up")
    return mode


def denied(matrix: dict[str, Any], profile: dict[str, Any], mode: str) -> bool:
    """Whether a scope denies a mode: the cell of the model decides, else that of the provider, else that of `*`."""
    for key in (profile["model"], profile["provider"], "*"):
        if mode in matrix.get(key, {}):
            return not matrix[key][mode]["allowed"]
    return False


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to a `resolve` request."""
    arguments = [request[name] for name in ("profile", "policy", "provider", "environment")]
    try:
        return {"seq": request["seq"], "resolution": {"mode": resolve(*arguments)}}
    except RefusedError as refused:
        return {"seq": request["seq"], "error": {"code": refused.code, "message": str(refused)}}


def main() -> None:
    """Answers until `stop`, or until there is no more input."""
    for line in sys.stdin:
        request = json.loads(line)
        if request["cmd"] == "stop":
            break
        if request["cmd"] == "start":
            implementation = {"name": "sample-python", "version": "1", "language": "python"}
            reply: dict[str, Any] = {"version": 1, "implementation": implementation}
        else:
            reply = answer(request)
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
