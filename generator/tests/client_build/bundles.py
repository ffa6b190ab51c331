"""Small builds of our own that are written as a bundler writes them; nothing in them is of the client's code."""

from __future__ import annotations

BUILD = "0.0.1800000000-gabc123"


def bundle(
    *,
    models: str = "",
    modes: str = "",
    paths: tuple[str, ...] = ("/api/provider/anthropic", "/api/provider/openai/v1"),
    headers: tuple[str, ...] = ("x-amp-feature",),
    methods: tuple[str, ...] = (),
    more: str = "",
) -> str:
    """A bundle with a catalogue, modes and calls."""
    named = ",".join(f'h{number}="{name}"' for number, name in enumerate(headers))
    made = "".join(f'new C({{baseURL:new URL("{path}",u).toString()}});' for path in paths)
    called = "".join(f"await q.{name}({{thread:a}},{{config:c}});" for name in ("getUserInfo", *methods))
    return (
        f'var v="{BUILD}",P={{ANTHROPIC:"anthropic",OPENAI:"openai",XAI:"xai",MOON:"moonshotai",VERTEX:"vertexai"}},'
        f'M={{{models}}},D={{{modes}}},app="X-Amp-Client-Application",{named};{made}{called}{more}'
    )


def model(constant: str, provider: str, name: str, shown: str, context: str = "2e5", output: str = "32000") -> str:
    """A row of the catalogue."""
    return (
        f'{constant}:{{provider:P.{provider},name:"{name}",displayName:"{shown}",contextWindow:{context},'
        f"maxOutputTokens:{output},pricing:{{input:3,output:15}},capabilities:{{tools:!0}}}},"
    )


def mode(constant: str, name: str, leads: str, *, visible: bool = True, member: str = "primaryModel") -> str:
    """A mode of the agent."""
    return (
        f'{constant}:{{key:"{name}",displayName:"A, B {{",description:"x",{member}:{leads},'
        f"visible:{'!0' if visible else '!1'},hints:{{a:[1,2]}}}},"
    )


def executable(text: str, coding: str) -> bytes:
    """The text in a program, between bytes that are no text."""
    return b"\x7fELF\x02\x01\x01\x00" + bytes(range(256)) * 4 + text.encode(coding) + b"\x00\xff" * 64
