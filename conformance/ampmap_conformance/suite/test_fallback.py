"""Profile fallback: local provider, mapping, or Amp's own servers; and what the proxy does to model names."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from ..cases.cases import CallCase, VariedCase
from ..checks.expect import (
    assert_absent,
    assert_answers,
    assert_equal,
    assert_events_relayed,
    assert_json_relayed,
    assert_names_model,
    assert_own_credential,
    assert_same_path,
    assert_success,
    expect,
    only_upstream_request,
)
from ..checks.expect_streams import assert_events, assert_json_answer
from ..checks.findings import gathering
from ..checks.registry import checks
from ..dialects.bodies import dump, request_body
from ..meanings import Completion, Finish, Text, ToolCall, Usage
from ..observer import Gzip, Reply
from ..probe.lookups import AMP_CARRIERS
from ..probe.probe import Probe
from ..probe.requests import BLANK
from ..wire.credentials import carried
from ..wire.messages import AMP
from .support.client_keys import assert_key_stripped, foreign_to
from .support.conditions import (
    counts_tokens,
    goes_elsewhere,
    goes_mapped,
    is_by_the_way,
    is_elsewhere,
    is_first_of_its_mappings,
    is_local_sample,
    is_mapped,
    is_mapped_anyhow,
    is_mapped_by_pattern,
    is_orphaned,
    streams_mapped_by_path,
)
from .support.streams import (
    PIECE,
    answer_reply,
    asking_for_array,
    frames_of,
    in_pieces,
    json_answer,
    served_model,
    stream_events,
    stream_frames,
    stream_reply,
    whole_answer,
)
from .support.told import assert_same_answer, came, sent

ASKED = "ampmap-2099-01-01"
"""The name of an unknown feature."""
DATA = re.compile(rb"(?m)^data: (\{.*\})$")
"""An event's line with an object."""
BIG = 9_007_199_254_740_993
"""An integer that a double cannot hold."""


@checks("fallback.local-stays-local", when=is_local_sample)
def test_local_stays_local(case: CallCase, probe: Probe) -> None:
    """Given a local model, when it is called, then its provider gets a call for it under its own name."""
    exchange = probe.send(case)

    upstream = only_upstream_request(exchange)
    assert_equal(probe.model_of(case, upstream), case.model, "the upstream got another model")


@checks("fallback.mapping-rewrites-model", when=is_mapped)
def test_mapping_rewrites_the_model(case: CallCase, probe: Probe) -> None:
    """Given a mapped model, when it is called, then the upstream gets a call for the mapping's target."""
    exchange = probe.send(case)

    assert_success(exchange)
    upstream = only_upstream_request(exchange)
    assert_equal(probe.model_of(case, upstream), probe.target.mapped(case.model), "the upstream got another model")


@checks("fallback.pattern-mapping", when=is_mapped_by_pattern)
def test_patterns_map_too(case: CallCase, probe: Probe) -> None:
    """Given a model that a pattern matches, when it is called, then the upstream gets the mapping's target."""
    exchange = probe.send(case)

    assert_success(exchange)
    upstream = only_upstream_request(exchange)
    assert_equal(probe.model_of(case, upstream), probe.target.mapped(case.model), "the pattern was not applied")


@checks("fallback.mapping-in-any-case", when=is_first_of_its_mappings)
def test_mappings_hold_in_any_case(case: CallCase, probe: Probe) -> None:
    """Given a mapped model, when its name comes in other letters, then the upstream gets the mapping's target."""
    spelled = probe.request(replace(case, model=case.model.swapcase()))
    exchange = probe.exchange(spelled, persona=probe.persona_of(case))

    upstream = only_upstream_request(exchange)
    asked, saying = probe.model_of(case, upstream), "the mapping depends on upper and lower case"
    assert_equal(asked, probe.target.mapped(case.model), saying)


@checks("fallback.mapping-on-other-roots", when=goes_mapped)
def test_mapping_holds_on_other_roots(case: VariedCase, probe: Probe) -> None:
    """Given a mapped model on another form of path, when it is called, then the upstream gets the mapping's target."""
    exchange = probe.send(case)

    upstream = only_upstream_request(exchange)
    assert_equal(probe.model_of(case, upstream), probe.target.mapped(case.model), "the mapping depends on the path")


@checks("fallback.orphaned-mapping-goes-upstream", when=is_orphaned)
def test_orphaned_mapping_goes_to_amp(case: CallCase, probe: Probe) -> None:
    """Given a mapping to a model that is not there, when it is called for, then Amp gets the call as it is."""
    exchange = probe.send(case)

    upstream = only_upstream_request(exchange, AMP)
    assert_same_path(upstream.path, case.target, "Amp's servers got another path")
    assert_equal(upstream.body, exchange.request.body, "the upstream got a changed body")


@checks("fallback.unmapped-goes-upstream", when=is_elsewhere)
def test_unmapped_goes_to_amp(case: CallCase, probe: Probe) -> None:
    """Given a model that is neither local nor mapped, when it is called, then Amp's servers get the call as it is."""
    exchange = probe.send(case)

    upstream = only_upstream_request(exchange, AMP)
    with gathering() as part:
        with part():
            assert_same_path(upstream.path, case.target, "Amp's servers got another path")
        with part():
            assert_equal(upstream.body, exchange.request.body, "the upstream got a changed body")
        if probe.target.client is not None:
            with part():
                saying = "the client's key reached Amp's servers"
                assert_key_stripped(probe.client_key, upstream, probe, saying=saying)


@checks("fallback.query-and-headers-kept", when=goes_elsewhere)
def test_query_and_headers_kept(case: VariedCase, probe: Probe) -> None:
    """Given a call that goes to Amp's servers, when it arrives, then it has its query and its feature headers."""
    _assert_query_and_headers_kept(case, probe)


@checks("fallback.query-and-headers-kept-when-mapped", when=goes_mapped)
def test_query_and_headers_kept_when_mapped(case: VariedCase, probe: Probe) -> None:
    """Given a call whose model is mapped, when it arrives, then it has its query and its feature headers."""
    _assert_query_and_headers_kept(case, probe)


def _assert_query_and_headers_kept(case: VariedCase, probe: Probe) -> None:
    asked = tuple((name, ASKED) for name in probe.optional_headers(case))
    exchange = probe.send(case, more_headers=asked)

    upstream = only_upstream_request(exchange, AMP if case.way == "elsewhere" else None)
    arrived = (upstream.query or "").split("&")
    saying = "the upstream did not get the query"
    with gathering() as part:
        for field in filter(None, case.target.partition("?")[2].split("&")):
            with part():
                expect(field in arrived, saying, expected=field, actual=upstream.query or "no query")
        for name, value in (*probe.dialect_headers(case).items(), *asked):
            came = ",".join(upstream.headers.all(name))
            with part():
                saying = f"{name} did not reach the upstream"
                expect(value in came, saying, expected=f"{name}: {value}", actual=came or "none")


@checks("fallback.amp-key", when=is_elsewhere, requests=2)
def test_amp_gets_the_amp_key(case: CallCase, probe: Probe) -> None:
    """Given a call that goes to Amp, when it arrives, then it has a key, which is not the provider's."""
    own = probe.send(replace(case, model=probe.target.models(case.provider)[0].id))
    exchange = probe.send(case)

    upstream = only_upstream_request(exchange, AMP)
    assert_own_credential(upstream, AMP_CARRIERS, client_key=foreign_to(upstream, probe))
    for request in own.upstream:
        for keys in carried(request.headers, request.query).values() if request.persona != AMP else ():
            for key in keys:
                assert_absent(key, in_=upstream, saying="the provider's key reached Amp's servers")


@checks("fallback.amp-answer-relayed", when=is_elsewhere)
def test_amps_answer_is_relayed(case: CallCase, probe: Probe) -> None:
    """Given an answer of Amp's servers, when the proxy relays it, then it is unchanged."""
    exchange = probe.send(case)

    only_upstream_request(exchange, AMP)
    assert_success(exchange)
    if case.stream:
        assert_events_relayed(exchange)
    else:
        assert_json_relayed(exchange)


@checks("fallback.same-way-for-every-call", when=is_by_the_way)
def test_every_call_about_a_model_goes_its_way(case: VariedCase, probe: Probe) -> None:
    """Given a call beside the usual one, as counting tokens, when it is made, then it goes where the model goes."""
    exchange = probe.send(case)

    assert_success(exchange)
    if counts_tokens(case, probe.target) and not exchange.upstream:
        assert_answers(exchange, case.call)  # the proxy counted by itself
        return
    upstream = only_upstream_request(exchange, AMP if case.way == "elsewhere" else None)
    if case.way != "elsewhere":
        assert_equal(probe.model_of(case, upstream), served_model(case, probe), "the upstream got another model")


@checks("fallback.answer-names-requested-model", when=is_mapped_anyhow)
def test_answer_names_the_requested_model(case: CallCase, probe: Probe) -> None:
    """Given a mapped model, when the client gets the answer, then it names the client's model everywhere."""
    exchange = probe.send(case)

    only_upstream_request(exchange)
    assert_success(exchange)
    assert_names_model(exchange, case.model, instead_of=probe.target.mapped(case.model) or "")


@checks("fallback.names-however-written", when=goes_mapped)
def test_model_is_named_however_it_is_written(case: VariedCase, probe: Probe) -> None:
    """Given an answer in an unusual form, when the client gets it, then it still names the client's model."""
    reply, lines = _written(case, probe)
    exchange = probe.send(case, replies=(reply,), more_headers=lines)

    only_upstream_request(exchange)
    assert_success(exchange)
    assert_names_model(exchange, case.model, instead_of=served_model(case, probe))


@checks("fallback.only-names-change-in-answers", when=goes_mapped)
def test_only_names_change_in_answers(case: VariedCase, probe: Probe) -> None:
    """Given an answer with the model's name in its text too, when the client gets it, then only the field changed."""
    called, own = probe.called(case), probe.codec(case)
    if called is not None and own is not None:
        named = served_model(case, probe)
        says = Completion(named, (Text(f"made by {named}"), ToolCall(named, {"model": named, "n": BIG}, "call_one1")),
                          Finish.TOOL_CALLS, Usage(9, 4))  # fmt: skip
        exchange = probe.send(case, replies=(Reply(says=says),))
        only_upstream_request(exchange)
        assert_same_answer(sent(exchange, called), came(exchange, own), called, own)
        return
    beside = {
        "x_note": f"made by {served_model(case, probe)}",
        "x_part": {"model": served_model(case, probe)},
        "x_big": BIG,
    }
    if case.stream:
        events = [e.model_copy(update={"data": {**e.data, **beside}}) if isinstance(e.data, dict) else e
                  for e in stream_events(case, probe)]  # fmt: skip
        exchange = probe.send(case, replies=(Reply(pieces=in_pieces(frames_of(events, case, probe))),))
        only_upstream_request(exchange)
        assert_events(exchange, model=case.model)
    else:
        exchange = probe.send(case, replies=(Reply(body=dump({**json_answer(case, probe), **beside})),))
        only_upstream_request(exchange)
        assert_json_answer(exchange, model=case.model)


@checks("fallback.names-in-array-streams", when=streams_mapped_by_path)
def test_model_is_named_in_array_streams(case: VariedCase, probe: Probe) -> None:
    """Given a mapped stream as a JSON array, when the client gets it, then each item names the client's model."""
    exchange = probe.send(case, target=asking_for_array(case))

    only_upstream_request(exchange)
    assert_success(exchange)
    called, own = probe.called(case), probe.codec(case)
    if called is None or own is None:
        assert_json_answer(exchange, model=case.model)
    else:
        read = came(exchange, own)
        assert_same_answer(sent(exchange, called), read, called, own)
        assert_equal(read.model, case.model, "the stream names another model")


@checks("fallback.only-model-changes-in-requests", when=goes_mapped)
def test_only_the_model_changes_in_requests(case: VariedCase, probe: Probe) -> None:
    """Given a mapped call with unusual JSON, when the proxy forwards it, then every other byte is the same."""
    odd = b'{ "x_big":%d.0, "x_part" : {"model": "%b"}, "x_text":"\\u00e9\\/",' % (BIG, case.model.encode())
    exchange = probe.send(
        case, body=odd + request_body(case.call, case.model, f"Say hi. {BLANK}", stream=case.stream)[1:]
    )

    upstream = only_upstream_request(exchange)
    named, target = f'"model":"{case.model}"', f'"model":"{served_model(case, probe)}"'
    expected = exchange.request.body.replace(named.encode(), target.encode())
    assert_equal(upstream.body, expected, "more than the model changed in the request, or not even that")
    length = upstream.headers.get("content-length") or str(len(expected))  # none in chunks
    assert_equal(length, str(len(expected)), "the request's length is wrong")


def _written(case: VariedCase, probe: Probe) -> tuple[Reply, tuple[tuple[str, str], ...]]:
    """The normal answer in the form that the case's word names, and what the client must send for it."""
    if case.variation == "gzip":
        return Reply(gzip=Gzip.DECLARED), (("Accept-Encoding", "gzip"),)
    if case.variation == "in-pieces":
        return Reply(split=PIECE), ()
    name = served_model(case, probe)
    escaped = f"\\u{ord(name[0]):04x}{name[1:]}"

    def odd(data: object) -> bytes:
        if case.variation == "spaced":
            return json.dumps(data, separators=(" , ", " : ")).encode()
        return dump(data).replace(f'"{name}"'.encode(), f'"{escaped}"'.encode())

    if not case.stream:
        return answer_reply(case, probe, odd(whole_answer(case, probe))), ()
    if probe.called(case) is not None:
        frames = [DATA.sub(lambda found: b"data: " + odd(json.loads(found[1])), f) for f in stream_frames(case, probe)]
        return stream_reply(case, probe, in_pieces(frames)), ()
    events = [(e.model_copy(update={"data": odd(e.data).decode()}) if isinstance(e.data, dict) else e)
              for e in stream_events(case, probe)]  # fmt: skip
    return Reply(pieces=in_pieces(frames_of(events, case, probe))), ()
