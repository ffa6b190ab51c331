"""The one reader of URLs."""

from __future__ import annotations

import pytest
from ampmap_conformance.wire import raw
from ampmap_conformance.wire.address import Address, absolute_path, absolute_url
from ampmap_conformance.wire.messages import Request


@pytest.mark.parametrize(
    ("url", "host", "port", "placed"),
    [
        ("http://proxy", "proxy", 80, "/v1"),
        ("https://proxy.example.com/", "proxy.example.com", 443, "/v1"),
        ("http://127.0.0.1:8317/my/prefix/", "127.0.0.1", 8317, "/my/prefix/v1"),
        ("http://[::1]:8080", "::1", 8080, "/v1"),
        ("http://my_proxy.internal.:1/a%20b", "my_proxy.internal.", 1, "/a%20b/v1"),
    ],
)
def test_a_url_says_where_calls_go(url: str, host: str, port: int, placed: str) -> None:
    address = Address.of(absolute_url(url))
    assert (address.host, address.port, address.placed("/v1")) == (host, port, placed)
    assert address.placed("http://elsewhere/") == "http://elsewhere/"
    assert raw.placed(Request("GET", "/v1"), url).target == placed


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "`nonsense` is invalid; expected an absolute http or https URL"),
        ("ftp://host", "expected an absolute http or https URL"),
        ("http://", "expected an absolute http or https URL"),
        ("http://user:secret@host", "must not contain a user or password"),
        ("http://a..b/", "`a..b` is not the name or address of a host"),
        (f"http://{'a' * 64}.b/", "is not the name or address of a host"),
        ("http://-a/", "is not the name or address of a host"),
        ("http://host:99999", "is invalid: Port out of range 0-65535"),
        ("http://host:x", "is invalid: Port could not be cast"),
        ("http://[::1", "is invalid: Invalid IPv6 URL"),
        ("http://host/?a=1", "must not have a query"),
        ("http://host/?", "must not have a query"),
        ("http://host/#a", "must not have a fragment"),
        ("http://host/#", "must not have a fragment"),
        ("http://host/a b", "must not contain a space"),
        ("http://host/\r\nX: y", "must not contain U+000D"),
        ("http://host/\x1b[2J", "must not contain U+001B"),
        ("http://host\\@evil/", "must not contain U+005C"),
        ("http://b\u00fccher.example/", "must not contain U+00FC"),
    ],
)
def test_what_is_not_a_url_of_a_server_is_refused(url: str, says: str) -> None:
    with pytest.raises(ValueError, match=r"URL|invalid") as caught:
        absolute_url(url)
    assert says in str(caught.value)
    assert str(caught.value).isprintable()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("path", ["openai/v1", "/a b", "/a\r\nX: y", "/a?b", "/a#b"])
def test_what_is_not_a_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="expected a path"):
        absolute_path(path)
    assert [absolute_path(right) for right in ("/openai/v1", "")] == ["/openai/v1", ""]
