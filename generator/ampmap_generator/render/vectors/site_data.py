"""Files beside the page of auth modes: the vectors, and the data of the resolver on the page. Pure."""

from __future__ import annotations

import json
from typing import Any

from ...vendored.platforms import Platform
from ...vendored.reference import Reference
from .vectors import FILE, PLATFORM, handwritten_questions, make_vector, preference, sample_model, vector_files

VECTORS = FILE
"""Path of the vectors on the site."""
DATA = "assets/auth-data.js"


def auth_files(reference: Reference) -> dict[str, bytes]:
    """The files by path below the docs folder; none for a reference without auth modes."""
    platform = reference.platforms.get(PLATFORM)
    if platform is None or not platform.auth_modes:
        return {}
    data = json.dumps(resolver_data(platform), ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return {**vector_files(platform), DATA: f"window.AMPMAP_AUTH = {data};\n".encode()}


def resolver_data(platform: Platform) -> dict[str, Any]:
    """What the resolver on the page knows, and the cases that it offers as examples."""
    rewrite = platform.rules["resolution-step-5-gemini"].values
    vectors = [make_vector(platform, question) for question in handwritten_questions()]
    return {
        "preference": preference(platform),
        "modes": {name: {"environments": mode.environments} for name, mode in platform.auth_modes.items()},
        "providers": {
            name: {
                "title": provider.display_name,
                "auth_modes": provider.auth_modes,
                "config_namespace": provider.config_namespace,
                "model": sample_model(platform, name),
            }
            for name, provider in platform.providers.items()
        },
        "errors": {
            name: {"code": error.code, "message": error.message, "raised_when": error.raised_when}
            for name, error in platform.errors.items()
        },
        "steps": {name: step.title for name, step in platform.steps.items()},
        "open": {name: rule.statement for name, rule in platform.rules.items() if rule.status != "stated"},
        "rewrite": rewrite,
        "examples": [
            vector.model_dump(
                mode="json", exclude_unset=True, include={"requirement", "case", "profile", "policy", "environment"}
            )
            for vector in vectors
        ],
    }
