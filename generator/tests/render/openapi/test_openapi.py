"""OpenAPI of the proxy's surface: sound documents, schemas that take what must be taken and refuse what must not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema
import pytest
import schemathesis
from ampmap_generator.render.openapi.document import documents, text_of, whole
from ampmap_generator.render.openapi.examples import filled, merged
from ampmap_generator.vendored.reference import Reference
from ampmap_generator.vendored.routing import Call, calls
from openapi_spec_validator import OpenAPIV31SpecValidator

Json = Any
Documents = dict[str, dict[str, Json]]

METHODS = frozenset({"get", "head", "post", "put", "patch", "delete", "options"})
DOCUMENTS = (
    "openapi.json",
    "openapi/anthropic-messages.json",
    "openapi/cerebras-warm-up.json",
    "openapi/gemini.json",
    "openapi/openai-chat.json",
    "openapi/openai-responses.json",
)


@pytest.fixture(scope="module")
def found(reference: Reference) -> Documents:
    """Every document of the base edition."""
    return documents(reference)


def operations(document: dict[str, Json]) -> Iterator[tuple[str, str, dict[str, Json]]]:
    for path, item in document["paths"].items():
        for method in METHODS & set(item):
            yield path, method, item[method]


def routes(reference: Reference, dialect: str | None = None) -> list[str]:
    """Every provider route, counted without the code under test."""
    found = []
    for provider in (provider for provider in reference.providers.values() if provider.via_proxy):
        for spoken, names in provider.operations.items():
            if dialect in (None, spoken):
                served = [reference.endpoints[spoken].operations[name] for name in names]
                tails = [o.path for o in served] + [o.stream.path for o in served if o.stream and o.stream.path]
                found += [f"{provider.base_path}{root.path}{tail}" for root in provider.roots for tail in tails]
    return found


# --- the documents


def test_there_is_one_document_and_one_per_dialect(found: Documents) -> None:
    assert tuple(sorted(found)) == DOCUMENTS


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_linter_finds_nothing(name: str, found: Documents) -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(found[name]).iter_errors()] == []


def _without_rules(reference: Reference) -> Reference:
    return reference.model_copy(update={"requirements": {}, "digest": f"sha256:{'0' * 64}"})


def _without_source(reference: Reference) -> Reference:
    groq = reference.providers["groq"].model_copy(update={"sources": (), "claims": ()})
    return reference.model_copy(update={"providers": {**reference.providers, "groq": groq}})


def _with_direct_provider(reference: Reference) -> Reference:
    direct = reference.providers["groq"].model_copy(update={"id": "direct", "via_proxy": False, "base_path": None})
    return reference.model_copy(update={"providers": {**reference.providers, "direct": direct}})


def _with_provider(reference: Reference) -> Reference:
    other = {"id": "other", "base_path": "/api/provider/other/v1"}
    more = reference.providers["xai"].model_copy(update=other)
    return reference.model_copy(update={"providers": {**reference.providers, "other": more}})


# what changes, and the documents that change with it
CHANGES = [
    (_without_rules, set()),
    (_without_source, set()),
    (_with_direct_provider, set()),
    (_with_provider, {"openapi.json", "openapi/openai-chat.json"}),
]


@pytest.mark.parametrize(("change", "expected"), CHANGES, ids=[row[0].__name__.strip("_") for row in CHANGES])
def test_a_document_changes_with_its_own_facts_alone(
    change: Callable[[Reference], Reference], expected: set[str], reference: Reference, found: Documents
) -> None:
    changed = documents(change(reference))

    assert {name for name in found if text_of(changed[name]) != text_of(found[name])} == expected
    digests = {name: (document["info"]["x-ampmap"]["digest"], changed[name]["info"]["x-ampmap"]["digest"])
               for name, document in found.items()}  # fmt: skip
    assert {name for name, (before, after) in digests.items() if before != after} == expected


def test_the_surface_is_every_provider_route_and_every_management_route(reference: Reference, found: Documents) -> None:
    management = sum(
        len(route.paths) * (1 if route.methods == "unknown" else len(route.methods))
        for route in reference.management.values()
    )

    assert len(list(operations(found["openapi.json"]))) == len(routes(reference)) + management


@pytest.mark.parametrize("name", DOCUMENTS)
def test_schemathesis_loads_every_operation(name: str, reference: Reference, found: Documents) -> None:
    schema = schemathesis.openapi.from_dict(json.loads(text_of(found[name])))
    dialect = None if name == "openapi.json" else name.removeprefix("openapi/").removesuffix(".json")

    loaded = [result.ok() for result in schema.get_all_operations()]

    provided = [operation for operation in loaded if operation.path.startswith("/api/provider/")]
    assert len(provided) == len(routes(reference, dialect))
    assert len(loaded) == len(list(operations(found[name])))


@pytest.mark.parametrize(
    "path",
    [
        "/api/provider/groq/chat/completions",
        "/api/provider/groq/openai/v1/chat/completions",
        "/api/provider/google/v1/models/{model}:generateContent",
        "/api/provider/google/v1beta/models/{model}:streamGenerateContent",
        "/api/provider/google/v1beta1/publishers/google/models/{model}:countTokens",
        "/api/provider/google/v1beta1/projects/{project}/locations/{location}/publishers/google/models/{model}",
        "/api/provider/openai/v1/responses",
        "/api/provider/cerebras/v1/tcp_warming",
        "/api/internal",
        "/api/internal/{path}",
        "/threads.rss",
    ],
)
def test_paths_stand_as_the_client_calls_them(path: str, found: Documents) -> None:
    item = found["openapi.json"]["paths"][path]

    assert METHODS & set(item)


def test_the_model_of_a_verb_is_one_parameter_that_routers_take_for_a_segment(found: Documents) -> None:
    verbs = [(path, operation) for path, _, operation in operations(found["openapi/gemini.json"]) if "{model}:" in path]

    assert len(verbs) == 15
    for path, operation in verbs:
        model = next(p for p in operation["parameters"] if p["name"] == "model")
        pattern = re.compile(model["schema"]["pattern"])
        assert [name for name in ("gpt-5.1", "a", "a/b", "a%2Fb", ".", "..", "") if pattern.search(name)] == [
            "gpt-5.1",
            "a",
        ], path


def test_operation_ids_are_unique_and_do_not_depend_on_the_document(found: Documents) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(found["openapi.json"])]
    single = {operation["operationId"] for name in DOCUMENTS[1:] for _, _, operation in operations(found[name])}

    assert len(set(ids)) == len(ids)
    assert single == {name for name in ids if not name.startswith("management.")}


def test_credentials_are_those_that_the_client_sends(reference: Reference, found: Documents) -> None:
    document = found["openapi.json"]

    assert set(document["components"]["securitySchemes"]) == {
        "authorization-bearer",
        "x-api-key",
        "x-goog-api-key",
        "query-key",
    }
    for _, _, operation in operations(document):
        if "provider" in operation["x-ampmap"]:
            carriers = reference.providers[operation["x-ampmap"]["provider"]].client_credentials
            assert operation["security"] == [{carrier: []} for carrier in carriers]
        else:
            is_open = reference.management[operation["x-ampmap"]["management"]].authentication == "open"
            assert operation["security"] == ([] if is_open else [{"authorization-bearer": []}])


def test_errors_have_the_shape_of_the_provider(reference: Reference, found: Documents) -> None:
    for path, _, operation in operations(found["openapi.json"]):
        if not path.startswith("/api/provider/"):
            continue
        shape = reference.providers[operation["x-ampmap"]["provider"]].error_shape
        expected = {"400", "401", "404", "405", "4XX", "5XX"} | ({"413"} if "requestBody" in operation else set())
        errors = {status: answer["$ref"] for status, answer in operation["responses"].items() if status != "200"}
        assert set(errors) == expected
        assert {ref.removeprefix("#/components/responses/").partition(".")[0] for ref in errors.values()} == {shape}


def test_the_only_server_is_a_variable(found: Documents) -> None:
    for document in found.values():
        assert [server["url"] for server in document["servers"]] == ["{proxy}"]


def test_the_bytes_are_sorted_and_the_same_each_time(reference: Reference, found: Documents) -> None:
    for name, document in found.items():
        assert list(document["paths"]) == sorted(document["paths"])
        assert text_of(document) == text_of(documents(reference)[name])
        assert json.loads(text_of(document)) == document
    assert whole(reference) == found["openapi.json"]


# --- the schemas


def every_object(schema: Json) -> Iterator[dict[str, Json]]:
    if isinstance(schema, dict):
        kind = schema.get("type")
        if kind == "object" or (isinstance(kind, list) and "object" in kind):
            yield schema
        for value in schema.values():
            yield from every_object(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from every_object(value)


def test_every_object_is_open(found: Documents) -> None:
    objects = list(every_object(found["openapi.json"]["components"]["schemas"]))

    assert len(objects) > 50
    assert {each["additionalProperties"] for each in objects} == {True}


def complaints(schema: Json, instance: Json) -> list[str]:
    jsonschema.Draft202012Validator.check_schema(schema)
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(instance)]


def resolved(document: dict[str, Json], value: dict[str, Json]) -> Json:
    """A schema or example of a document, by itself."""
    if list(value) == ["$ref"] and "/examples/" in value["$ref"]:
        return document["components"]["examples"][value["$ref"].rpartition("/")[2]]["value"]
    return {**value, "components": document["components"]}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_example_is_valid(name: str, found: Documents) -> None:
    document, seen, wrong = found[name], 0, []
    for path, method, operation in operations(document):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for media in (media for body in bodies for media in body.get("content", {}).values()):
            for label, example in media.get("examples", {}).items():
                seen += 1
                said = complaints(resolved(document, media.get("schema", {})), resolved(document, example))
                wrong += [(path, method, label, said)] if said else []

    assert seen >= len(list(operations(document))) if name != "openapi.json" else seen > 100
    assert wrong == []


def every_call(reference: Reference) -> list[Call]:
    return [call for provider in reference.providers.values() for call in calls(provider, reference=reference)]


def test_the_bodies_of_every_call_keep_the_schemas_of_its_operation(reference: Reference) -> None:
    """Also those of providers that bypass the proxy, and errors in a stream: what the kit's own upstream sends."""
    wrong, seen = [], 0
    for call in every_call(reference):
        endpoint, operation = reference.endpoints[call.dialect], call.operation
        text_data = endpoint.streaming.text_data if endpoint.streaming else ()
        events = [event.data for event in (*operation.events, operation.in_band_error) if event is not None]
        bodies = [
            (operation.request_schema, operation.request),
            (operation.response_schema, merged(operation.response, call.provider.response_extras.get(call.id))),
            *((operation.event_schema, data) for data in events if data not in text_data),
        ]
        for schema, body in bodies:
            if body is not None and schema is not None:
                seen += 1
                said = complaints(endpoint.standalone(schema), filled(body, "example-model"))
                wrong += [(call.provider.id, call.id, said)] if said else []

    assert seen > 80
    assert wrong == []


def test_every_error_keeps_the_schema_of_its_shape(reference: Reference) -> None:
    wrong = []
    for shape in reference.error_shapes.values():
        body = json.dumps(shape.body).replace('"{status}"', "400")
        for words in ("text", None):
            instance = json.loads(body.replace('"{code}"', json.dumps(words)).replace('"{type}"', '"text"'))
            if words is not None or shape.id not in ("google", "anthropic"):
                wrong += [(shape.id, said) for said in complaints(shape.body_schema, instance)]

    assert wrong == []


MESSAGE = {"role": "user", "content": "hi"}
MESSAGES = {"model": "m", "max_tokens": 1, "messages": [MESSAGE]}
CHAT = {"model": "m", "messages": [MESSAGE]}
CONTENTS = {"contents": [{"parts": [{"text": "hi"}]}]}

# dialect, operation, the request, whether every party must take it
REQUESTS: list[tuple[str, str, Json, bool]] = [
    ("anthropic-messages", "messages", MESSAGES, True),
    ("anthropic-messages", "messages", MESSAGES | {"max_tokens": 0}, True),
    ("anthropic-messages", "messages", MESSAGES | {"some_new_field": {"deep": [1]}}, True),
    ("anthropic-messages", "messages", MESSAGES | {"model": "a-model-of-next-year", "temperature": 1.0}, True),
    ("anthropic-messages", "messages", MESSAGES | {"messages": [{"role": "user", "content": [{"type": "new"}]}]}, True),
    ("anthropic-messages", "messages", MESSAGES | {"max_tokens": -1}, False),
    ("anthropic-messages", "messages", MESSAGES | {"max_tokens": "1"}, False),
    ("anthropic-messages", "messages", MESSAGES | {"messages": []}, False),
    ("anthropic-messages", "messages", MESSAGES | {"messages": [{"role": "system", "content": "x"}]}, False),
    ("anthropic-messages", "messages", MESSAGES | {"model": 1}, False),
    ("anthropic-messages", "messages", CHAT, False),
    ("anthropic-messages", "messages", [MESSAGES], False),
    ("anthropic-messages", "messages.count_tokens", CHAT, True),
    ("anthropic-messages", "messages.count_tokens", {"messages": [MESSAGE]}, False),
    ("openai-chat", "chat.completions", CHAT, True),
    ("openai-chat", "chat.completions", CHAT | {"max_tokens": 1}, True),
    ("openai-chat", "chat.completions", CHAT | {"max_completion_tokens": 1, "max_tokens": 1}, True),
    ("openai-chat", "chat.completions", CHAT | {"model": "vendor/model", "n": None, "temperature": 2}, True),
    ("openai-chat", "chat.completions", CHAT | {"messages": []}, False),
    ("openai-chat", "chat.completions", {"messages": [MESSAGE]}, False),
    ("openai-chat", "chat.completions", CHAT | {"n": 0}, False),
    ("openai-chat", "chat.completions", CHAT | {"n": 129}, False),
    ("openai-chat", "chat.completions", CHAT | {"temperature": 2.1}, False),
    ("openai-chat", "chat.completions", CHAT | {"top_p": 1.1}, False),
    ("openai-chat", "chat.completions", CHAT | {"top_logprobs": 21}, False),
    ("openai-chat", "chat.completions", CHAT | {"stream": "yes"}, False),
    ("openai-responses", "responses", {}, True),
    ("openai-responses", "responses", {"prompt": {"id": "p"}}, True),
    ("openai-responses", "responses", {"model": "m", "input": [{"role": "user", "content": "hi"}]}, True),
    ("openai-responses", "responses", {"model": "m", "input": 1}, False),
    ("openai-responses", "responses", {"max_output_tokens": 15}, False),
    ("openai-responses", "responses", {"temperature": 3}, False),
    ("gemini", "generateContent", CONTENTS, True),
    ("gemini", "generateContent", CONTENTS | {"tools": [{"new": {}}]}, True),
    ("gemini", "generateContent", {"contents": []}, False),
    ("gemini", "generateContent", {"contents": [{"role": "user"}]}, False),
    ("gemini", "generateContent", {}, False),
    ("gemini", "countTokens", CONTENTS, True),
    ("gemini", "countTokens", {"generateContentRequest": {}}, True),
    ("gemini", "countTokens", {}, False),
]


@pytest.mark.parametrize(("dialect", "operation", "request_body", "is_valid"), REQUESTS)
def test_a_request_schema_takes_what_must_be_taken_and_no_more(
    dialect: str, operation: str, request_body: Json, is_valid: bool, reference: Reference
) -> None:
    endpoint = reference.endpoints[dialect]
    schema = endpoint.standalone(endpoint.operations[operation].request_schema)

    assert (complaints(schema, request_body) == []) is is_valid


# dialect, operation, the data of an event, whether it is one
EVENTS: list[tuple[str, str, Json, bool]] = [
    ("anthropic-messages", "messages", {"type": "an_event_of_next_year"}, True),
    ("anthropic-messages", "messages", {"type": "content_block_delta", "index": 0}, False),
    ("anthropic-messages", "messages", {"type": "error", "error": {"type": "x"}}, False),
    ("anthropic-messages", "messages", {"message": {}}, False),
    ("openai-chat", "chat.completions", {"error": {"message": "m"}}, True),
    ("openai-chat", "chat.completions", {"id": "x", "choices": []}, False),
    ("openai-responses", "responses", {"type": "response.reasoning_text.delta", "sequence_number": 3}, True),
    ("openai-responses", "responses", {"type": "response.completed", "sequence_number": 3}, False),
    ("openai-responses", "responses", {"type": "response.output_text.delta", "delta": "x"}, False),
    ("gemini", "generateContent", {"candidates": {}}, False),
]


@pytest.mark.parametrize(("dialect", "operation", "data", "is_valid"), EVENTS)
def test_an_event_schema_knows_the_events_and_lets_new_ones_pass(
    dialect: str, operation: str, data: Json, is_valid: bool, reference: Reference
) -> None:
    endpoint = reference.endpoints[dialect]
    schema = endpoint.standalone(endpoint.operations[operation].event_schema)

    assert (complaints(schema, data) == []) is is_valid


def test_fields_that_are_required_come_from_the_schema(reference: Reference) -> None:
    endpoint = reference.endpoints["anthropic-messages"]

    assert endpoint.operations["messages"].required == ("model", "max_tokens", "messages")
    assert endpoint.operations["models.list"].required == ()
    assert reference.endpoints["openai-responses"].operations["responses"].required == ()
