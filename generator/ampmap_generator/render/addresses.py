"""Where the site shows each fact: pages, anchors, and the addresses that the built site gives them. Pure."""

from __future__ import annotations

import re

OWN_PAGES = {"providers": "providers", "endpoints": "endpoints", "error_shapes": "errors"}
ONE_PAGE = {
    "agent_modes": "agent-modes.md",
    "tools": "tools.md",
    "headers": "headers.md",
    "settings": "settings.md",
    "flows": "authentication.md",
    "meanings": "meanings.md",
    "management": "management.md",
    "fallback": "fallback.md",
    "remedies": "remedies.md",
}
PLATFORM_PAGES = {
    "about": ("index.md", "about"),
    "providers": ("providers/index.md", ""),
    "models": ("models.md", ""),
    "commands": ("commands.md", ""),
    "options": ("options.md", ""),
    "troubleshooting": ("troubleshooting.md", ""),
    "catalog_fields": ("catalog.md", ""),
    "rules": ("rules.md", ""),
}

_NOT_IN_ANCHORS = re.compile(r"[^A-Za-z0-9_.:/@+-]+")


def anchor(text: str) -> str:
    """An id for an anchor: what may stand in one stays, so that ids of the spec are anchors as they are."""
    return _NOT_IN_ANCHORS.sub("-", text).strip("-")


def target_of(kind: str, key: str) -> str:
    """The page, or page#anchor, that shows a fact of the reference (platform facts: `platform_target`)."""
    if kind in OWN_PAGES:
        return f"{OWN_PAGES[kind]}/{key}.md"
    if kind == "models":
        provider, _, model = key.partition("/")
        return f"models/{provider}.md#{anchor(model)}"
    if kind == "requirements":
        profile, _, name = key.partition(".")
        return f"requirements/{profile}.md#{anchor(name)}"
    if kind in ("editions", "hosted_modes"):
        return "edition.md"
    return f"{ONE_PAGE[kind]}#{anchor(key)}"


def status_page(status: int) -> str:
    """The page on an HTTP status of errors."""
    return f"errors/status/{status}.md"


def platform_target(platform: str, kind: str, key: str) -> str:
    """The page and anchor that show a fact of a platform."""
    if kind == "auth_modes":
        return f"auth-modes.md#{platform}-{anchor(key)}"
    if kind == "steps":
        return f"auth-modes.md#{platform}-step-{anchor(key)}"
    if kind == "providers":
        return f"platforms/{platform}/providers/{key}.md"
    if kind == "errors":
        return f"errors/index.md#{platform}-{anchor(key)}"
    page, fixed = PLATFORM_PAGES[kind]
    return f"platforms/{platform}/{page}#{fixed or anchor(key)}"


def address(target: str) -> str:
    """Where the built site has a page or page#anchor: `providers/groq/` for `providers/groq.md`."""
    page, hash_sign, place = target.partition("#")
    stem = page.removesuffix(".md")
    folder = "" if stem == "index" else f"{stem.removesuffix('/index')}/"
    return f"{folder}{hash_sign}{place}"
