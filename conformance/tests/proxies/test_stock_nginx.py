"""The commonest gateway: an nginx with stock settings holds streams back, and one that is set up right does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from ampmap_conformance.observer import Observer
from ampmap_conformance.reference.types import Reference
from ampmap_conformance.report.outcome import RunOutcome
from ampmap_conformance.verdicts import Verdict
from ampmap_tests_support import nginx

CONFIG = """\
server {{
    listen {listen};
    client_max_body_size 64m;
    proxy_max_temp_file_size 0;  # its worker may not write below the folder of a test
    location /api/provider/anthropic/ {{
        if ($http_x_api_key != "the-clients-key") {{ return 401; }}
        proxy_pass {observer}/anthropic/;
        proxy_set_header x-api-key "the-proxys-key";
        {settings}
    }}
}}
"""
RIGHT = 'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; proxy_request_buffering off;'
STREAMS = ("streaming.flushed", "streaming.upstream-abort-not-ended-cleanly")


@pytest.mark.parametrize(("settings", "failing"), [("", set(STREAMS)), (RIGHT, set[str]())], ids=["stock", "right"])
def test_stock_settings_fail_and_right_ones_pass(
    settings: str,
    failing: set[str],
    run: Callable[..., RunOutcome],
    reference: Reference,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Stock nginx speaks HTTP/1.0 upstream, where an answer ends with its connection and is buffered."""
    monkeypatch.setenv("CLIENT_KEY", "the-clients-key")
    monkeypatch.setenv("OBSERVER_TOKEN", "a-token")
    with Observer(reference, token="a-token") as observer, nginx.listening() as server:
        listen = "{}:{}".format(*server.getsockname())
        config = CONFIG.format(listen=listen, observer=observer.url, settings=settings)
        target = tmp_path / "target.yaml"
        target.write_text(
            yaml.safe_dump(
                {
                    "name": "nginx",
                    "base_url": f"http://{listen}",
                    "providers": ["anthropic"],
                    "credentials": {"client": {"env": "CLIENT_KEY"}},
                    "observer": {"advertise": observer.url, "token": {"env": "OBSERVER_TOKEN"}},
                }
            )
        )
        with nginx.running(tmp_path, config, server):
            outcome = run(target=target, profiles=("streaming",))

    verdicts = {(result.requirement, result.verdict) for result in outcome.report.results}
    assert {name for name, verdict in verdicts if verdict is Verdict.FAIL} == failing
    assert {name for name, verdict in verdicts if verdict is Verdict.PASS} >= set(STREAMS) - failing
