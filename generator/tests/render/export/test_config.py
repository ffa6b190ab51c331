"""Configurations of other proxies: stable, sound, without keys, and taken by the proxies that they are for."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ampmap_generator.cli import main
from ampmap_generator.cli.export import LISTEN
from ampmap_generator.cli.export import PROXIES as NAMES
from ampmap_generator.render.export.config import PROXIES, export
from ampmap_generator.render.export.plan import key_variable, make_plan
from ampmap_generator.render.export.shapes import ExportError, Plan
from ampmap_generator.vendored.reference import Reference
from ampmap_generator.vendored.wire import StatusRow
from ampmap_tests_support import nginx
from ampmap_tests_support.programs import need_program
from click.testing import CliRunner

GOLDEN = Path(__file__).parent / "golden"
OBSERVER = "http://127.0.0.1:9100"
ENDINGS = {"caddy": "caddyfile", "haproxy": "cfg", "litellm": "yaml", "cliproxyapi": "yaml"}


def keys(plan: Plan) -> dict[str, str]:
    return {name: f"value-of-{name.lower().replace('_', '-')}" for name in plan.variables}


# --- the text


@pytest.mark.parametrize("upstreams", ["real", "observer"])
@pytest.mark.parametrize("proxy", PROXIES)
def test_the_configuration_is_the_one_on_file(
    proxy: str, upstreams: str, reference: Reference, pytestconfig: pytest.Config
) -> None:
    """After a change that is meant: pytest with this file and `--update-goldens`, then read the diff."""
    golden = GOLDEN / f"{proxy}-{upstreams}.{ENDINGS.get(proxy, 'conf')}"
    text = export(proxy, make_plan(reference, observer=OBSERVER if upstreams == "observer" else None))

    if pytestconfig.getoption("--update-goldens"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == text


def test_every_file_on_record_is_one_of_them() -> None:
    expected = {f"{p}-{u}.{ENDINGS.get(p, 'conf')}" for p in PROXIES for u in ("real", "observer")}

    assert {path.name for path in GOLDEN.iterdir()} == expected


def test_the_command_prints_it(reference: Reference) -> None:
    assert tuple(PROXIES) == NAMES
    result = CliRunner().invoke(main, ["export-config", "nginx"])

    assert result.exit_code == 0, result.output
    assert result.output == export("nginx", make_plan(reference, listen=LISTEN))


def test_portkeys_gateway_may_listen_elsewhere() -> None:
    result = CliRunner().invoke(main, ["export-config", "portkey", "--gateway", "127.0.0.1:9999"])

    assert result.exit_code == 0, result.output
    assert "server 127.0.0.1:9999;" in result.output
    assert "--port=9999" in result.output
    assert "8787" not in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["apache"], "'apache' is not one of"),
        (["nginx", "--listen", "8080"], "`8080` is invalid; expected HOST:PORT"),
        (["nginx", "--listen", "127.0.0.1:65536"], "is invalid; expected HOST:PORT"),
        (["nginx", "--listen", "127.0.0.1:80; evil"], "is invalid; expected HOST:PORT"),
        (["nginx", "--observer", "127.0.0.1:9100"], "expected an http or https URL"),
        (["nginx", "--observer", "http://user:word@127.0.0.1"], "without user"),
        (["nginx", "--observer", "http://127.0.0.1/a b"], "expected an http or https URL"),
        (["nginx", "--observer", "http://127.0.0.1:x"], "expected an http or https URL"),
        (["nginx", "--observer", "http://a;b"], "`a;b` is not a valid host"),
        (["nginx", "--client-key-env", "sk-a-real-key"], "not a valid name of an environment variable"),
        (["portkey", "--gateway", "8787"], "--gateway: `8787` is invalid; expected HOST:PORT"),
        (["nginx", "--edition", "none"], "unknown edition 'none'"),
    ],
)
def test_what_cannot_be_exported_is_said_on_one_screen(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(main, ["export-config", *arguments])

    assert result.exit_code == 4
    assert words in result.output


@pytest.mark.parametrize("proxy", PROXIES)
def test_keys_are_named_and_never_held(proxy: str, reference: Reference, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["--client-key-env", "KEY_A", "--client-key-env", "KEY_B"]
    plan = make_plan(reference, client_keys=("KEY_A", "KEY_B"))
    for name in plan.variables:
        monkeypatch.setenv(name, f"secret-of-{name}")

    text = CliRunner().invoke(main, ["export-config", proxy, *arguments]).output

    assert "secret-of" not in text
    left_out = {"litellm": {"KEY_B"}, "portkey": {"GOOGLE_API_KEY"}}.get(proxy, set())
    code = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    assert {name for name in plan.variables if name not in code} == left_out


@pytest.mark.parametrize("proxy", PROXIES)
def test_every_provider_is_served_or_said_to_be_left_out(proxy: str, reference: Reference) -> None:
    for observer in (None, OBSERVER):
        text = export(proxy, make_plan(reference, observer=observer))
        remarks = " ".join(line.removeprefix("#").strip() for line in text.splitlines() if line.startswith("#"))
        code = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
        for provider in reference.providers.values():
            if not provider.via_proxy:
                assert provider.display_name in remarks
            elif f"Omitted: {provider.display_name}" not in remarks:
                assert provider.base_path in code or key_variable(provider.id) in code
        assert "does not do" in remarks


@pytest.mark.parametrize("proxy", ["litellm", "cliproxyapi"])
def test_yaml_is_yaml(proxy: str, reference: Reference) -> None:
    data: dict[str, Any] = yaml.safe_load(export(proxy, make_plan(reference, observer=OBSERVER)))

    if proxy == "litellm":
        routes = {route["path"]: route["target"] for route in data["general_settings"]["pass_through_endpoints"]}
        assert routes["/api/provider/groq/v1"] == f"{OBSERVER}/groq/openai/v1"
        assert routes["/api/provider/google"] == f"{OBSERVER}/google"
        assert list(routes).index("/api/provider/groq/v1") < list(routes).index("/api/provider/groq")
    else:
        assert data["ampcode"]["upstream-url"] == f"{OBSERVER}/amp"
        groq = next(entry for entry in data["openai-compatibility"] if entry["name"] == "groq")
        assert groq["base-url"] == f"{OBSERVER}/groq/openai/v1"
        assert data["gemini-api-key"][0]["base-url"] == f"{OBSERVER}/google"


def test_an_edition_has_its_own_routes(reference: Reference) -> None:
    later = CliRunner().invoke(main, ["export-config", "nginx", "--edition", "amp-0.0.1777897475"])

    assert later.exit_code == 0, later.output
    assert "amp-0.0.1777897475" in later.output
    assert later.output != export("nginx", make_plan(reference))


# --- what the proxies themselves say of it


def offline(text: str) -> str:
    """The configuration with loopback in place of names, which HAProxy looks up when it reads them."""
    return re.sub(r"^(\s+server upstream )[a-z0-9.-]+\.[a-z]+:443", r"\g<1>127.0.0.1:443", text, flags=re.MULTILINE)


COMMANDS = {
    "caddy": ("caddy", "validate", "--adapter", "caddyfile", "--config"),
    "haproxy": ("haproxy", "-c", "-q", "-f"),
}


@pytest.mark.parametrize("observer", [None, OBSERVER], ids=["real", "observer"])
@pytest.mark.parametrize("proxy", COMMANDS)
def test_the_proxy_takes_it(proxy: str, observer: str | None, reference: Reference, tmp_path: Path) -> None:
    plan = make_plan(reference, observer=observer)

    assert complaints(proxy, export(proxy, plan), plan, tmp_path) == ""


# --- values that would be read as more than text

HOSTILE = (
    """x'; } server { listen 6666; } map $host $b { default '""",
    "x` 200\n\t}\n\trespond /own `y",
    "{env.AMP_API_KEY}",
    "{$AMP_API_KEY}",
    "x'\n    http-request return status 200 content-type text/plain string '%[env(AMP_API_KEY)]",
    "${AMP_API_KEY} $host",
    "\"'\\%{}#;",
    "\u2028\r\n- [x]: *y &z !!z",
)
REFUSED = {"nginx": {0, 3, 5}, "caddy": {1, 3}, "haproxy": set[int]()}
"""Those that a format has no escape for, by their place in HOSTILE."""


def with_text(reference: Reference, text: str) -> Reference:
    """The reference with this text as the type of an error that every configuration writes."""
    return reference.model_copy(
        update={
            "error_shapes": {
                name: shape.model_copy(update={"statuses": {**shape.statuses, 404: StatusRow(type=text, code=text)}})
                for name, shape in reference.error_shapes.items()
            }
        }
    )


@pytest.mark.parametrize("proxy", REFUSED)
def test_a_hostile_text_stays_a_text_or_is_refused(proxy: str, reference: Reference, tmp_path: Path) -> None:
    harmless = export(proxy, make_plan(with_text(reference, "harmless"))).splitlines()
    for number, text in enumerate(HOSTILE):
        plan = make_plan(with_text(reference, text))
        if number in REFUSED[proxy]:
            with pytest.raises(ExportError, match="cannot stand in a text of"):
                export(proxy, plan)
            continue
        made = export(proxy, plan)

        assert len(made.splitlines()) == len(harmless)
        assert complaints(proxy, made, plan, tmp_path) == ""


def complaints(proxy: str, text: str, plan: Plan, folder: Path) -> str:
    """What the proxy itself says against a configuration; empty if it takes it."""
    if proxy == "nginx":
        need_program("nginx")
        return nginx.complaints(folder, nginx.with_keys(nginx.offline(text), nginx.keys(plan.variables)))
    command = COMMANDS[proxy]
    file = folder / "config"
    file.write_text(offline(text), encoding="utf-8")
    result = subprocess.run(
        [need_program(command[0]), *command[1:], str(file)],
        env={"PATH": "/usr/bin", "HOME": str(folder), **keys(plan)},
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if result.returncode == 0 else result.stdout + result.stderr
