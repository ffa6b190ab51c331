"""The code with a vendor's SDK that the finder shows: run, it makes the call that the card is about."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from ampmap_generator.render.api.finder import finder
from ampmap_generator.vendored.reference import Reference
from ampmap_tests_support.places import CHECKOUT

SCRIPT = CHECKOUT / "site/docs/assets/finder-code.js"
CODES = """const { codes } = require(process.argv[1]);
const [data, calls, url] = JSON.parse(require("fs").readFileSync(0, "utf8"));
const sdk = (call, stream) => codes(data, call, url, stream).find(([name]) => name === "Python SDK")?.[1];
const { sent } = require(process.argv[1].replace("-code", "-core"));
const both = (call) => [false, true].map((stream) => [sdk(call, stream), sent(data, call, url, stream).headers]);
process.stdout.write(JSON.stringify(calls.map(both)));"""
OWN = {"accept", "anthropic-version", "user-agent", "content-type"}
"""What an SDK sends in its own words."""
KEY = "key-of-the-reader"

Seen = list[tuple[str, dict[str, str], Any]]


@pytest.fixture
def recorder() -> Iterator[tuple[str, Seen]]:
    """A server that keeps path, headers and body of each call and refuses it: its URL, and what it kept."""
    seen: Seen = []

    class Recorder(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            seen.append((self.path.partition("?")[0], {k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(400)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            """Nothing: the test reads what was kept."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Recorder) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", seen
        server.shutdown()
        thread.join()


@pytest.mark.filterwarnings("ignore:The model:DeprecationWarning")  # an SDK on a model that will go
@pytest.mark.parametrize("edition", ["amp-0.0.1760587291", "amp-0.0.1777897475"])
def test_the_code_with_the_sdk_makes_the_call(
    edition: str,
    editions: Mapping[str, Reference],
    node: str,
    recorder: tuple[str, Seen],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("anthropic", "openai", "google.genai"):
        pytest.importorskip(module)
    url, seen = recorder
    document = finder(editions[edition], next(iter(editions.values())), {}).model_dump(mode="json")
    via_proxy = [each for each in document["answers"] if document["providers"][each["provider"]]["via_proxy"]]
    calls = list({(each["provider"], each["operation"]): each for each in via_proxy}.values())
    asked = json.dumps([document, calls, url])
    done = subprocess.run([node, "-e", CODES, str(SCRIPT)], input=asked, capture_output=True, text=True, check=True)
    for call, pair in zip(calls, json.loads(done.stdout), strict=True):
        monkeypatch.setenv(document["providers"][call["provider"]]["key_variable"], KEY)
        for path, (code, wanted) in zip((call["path"], call["stream_path"] or call["path"]), pair, strict=True):
            seen.clear()
            with pytest.raises(Exception, match="400"):
                exec(code, {})  # noqa: S102 - the code that a reader copies
            [(asked_path, headers, body)] = seen
            assert asked_path == path.partition("?")[0], code
            assert any(KEY in value for value in headers.values()), code
            fixed = {each["name"].lower(): each["value"] for each in wanted if not each.get("key")}
            assert {name: headers.get(name) for name in fixed.keys() - OWN} == {
                name: fixed[name] for name in fixed.keys() - OWN
            }
            assert call["wire_model"] in json.dumps([asked_path, body]), code
