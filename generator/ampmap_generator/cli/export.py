"""The command that writes other proxies' configuration: `export-config`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from .commands import Choice, Command
from .inputs import edition_option, layer_option, load_reference, report_write_errors, spec_option

PROXIES = ("nginx", "caddy", "haproxy", "litellm", "portkey", "cliproxyapi")
LISTEN = "127.0.0.1:8317"
GATEWAY = "127.0.0.1:8787"


@click.command("export-config", cls=Command)
@click.argument("proxy", metavar="PROXY", type=Choice(PROXIES))
@click.option("--observer", metavar="URL", help="URL of an observer that replaces all real upstreams.")
@click.option("--listen", default=LISTEN, show_default=True, metavar="HOST:PORT", help="Address the proxy listens on.")
@click.option(
    "--client-key-env",
    "client_keys",
    multiple=True,
    metavar="NAME",
    help="Environment variable with a client key that the proxy accepts; may be repeated. Default: AMPMAP_CLIENT_KEY.",
)
@click.option(
    "--gateway", default=GATEWAY, show_default=True, metavar="HOST:PORT", help="Address of Portkey's gateway."
)
@click.option(
    "--target",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write a target file, with which `ampmap-conformance run` tests the proxy.",
)
@spec_option
@layer_option
@edition_option
def export_config(
    proxy: str,
    observer: str | None,
    listen: str,
    client_keys: Sequence[str],
    gateway: str,
    target: Path | None,
    spec_dir: Path | None,
    layers: Sequence[Path],
    edition: str | None,
) -> None:
    """Print a configuration that makes PROXY serve the routing map.

    PROXY is nginx, caddy, haproxy, litellm, portkey or cliproxyapi. Comments in the configuration explain how to use
    it and what the proxy does not support. Keys appear as names of environment variables, never as values.

    \b
    Example:
      ampmap export-config nginx > amp.conf.template
      ampmap export-config nginx --observer http://127.0.0.1:9100 --target target.yaml > amp.conf.template
      ampmap export-config caddy --observer http://127.0.0.1:9100 --client-key-env KEY_A --client-key-env KEY_B
    """
    from ..render.export.config import export, target_file
    from ..render.export.plan import make_plan
    from ..render.export.shapes import ExportError
    from ..render.write import write_atomically

    reference = load_reference(spec_dir, edition, layers)
    try:
        plan = make_plan(reference, observer=observer, listen=listen, client_keys=client_keys)
        text = export(proxy, plan, gateway)
    except ExportError as error:
        raise click.UsageError(str(error)) from None
    if target is not None:
        with report_write_errors(target, "--target"):
            write_atomically(target, target_file(proxy, plan).encode())
    click.echo(text, nl=False)
