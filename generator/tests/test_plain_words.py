"""Plain words: rows of wording, right and wrong, each wrong one for the reason that is named."""

from __future__ import annotations

import pytest
from ampmap_generator.check.plain_words import ACTORS, OPENERS, find_statement_problems, find_word_problems

TEXTS: list[tuple[str, list[str]]] = [
    # denials
    ("`x` is no pattern: write `REQUIREMENT`.", ["is-no"]),
    ("The bodies that are no JSON\nare rejected.", ["is-no"]),
    ("The value was no number.", ["is-no"]),
    ("A URL that is none is ignored.", ["is-no"]),
    ("There is no baseline in this folder.", []),
    ("There are none.", []),
    ("The value is None where the file is missing.", []),
    ("The edition is no longer supported.", []),
    ("The limit is no more than 8 MB, and the answer is no later than that.", []),
    ("The answer is no larger than the request.", []),
    ("The answer is no larger object.", ["is-no"]),
    ("Write `is no pattern` where the text is not a pattern.", []),
    # persons without a name
    ("Whoever calls the proxy needs a key.", ["nameless-person"]),
    ("The proxy serves nobody, and nobody's key is stored.", ["nameless-person", "nameless-person"]),
    ("Anybody can send it, and somebody will.", ["nameless-person", "nameless-person"]),
    ("No one reads it.", ["nameless-person"]),
    ("One must name a file.", ["nameless-person"]),
    ("A value as one would write it.", ["nameless-person"]),
    ("When a key is missing, one can add it.", ["nameless-person"]),
    ("The second one must be a file, and each one can be a folder.", []),
    ("One file is enough; if one is missing, the run stops.", []),
    # references
    ("A wrong key is rejected. So is a missing key.", ["dangling-so"]),
    ("So has an answer.", ["dangling-so"]),
    ("The key is missing; so do not retry.", []),
    ("So that the file is whole, it is written at once.", []),
    ("The same holds for management calls.", ["dangling-same"]),
    ("Both calls go to the same provider, in the same order.", []),
    ("It is too large, and it is cached too.", []),
    # words
    ("The key goes along, and the error comes back.", ["idiom", "idiom"]),
    ("A path with dots\ngoes nowhere.", ["idiom"]),
    ("The run continues on error, and the answer is returned in one piece.", []),
    ("", []),
]

STATEMENTS: list[tuple[str, list[str]]] = [
    *(
        (good, [])
        for good in (
            "The proxy rejects a body that is not valid JSON with 400.",
            "A resolver that names the runtime provider names agy-cli for gemini.",
            "An official SDK raises an error when the upstream breaks off a stream that the proxy relays.",
            "The SDK's call through the proxy keeps its retry count.",
            "Every proxy omits the key.",
            "When a profile has one mode, no policy denies it, and it runs here, the resolver selects it.",
            "Within a scope, the resolver decides by the cell of the model.",
            "The proxy relays 200, 204 or 206, e.g. for a part, over HTTP/1.1.",
            "The proxy serves `/api/threads/ID.md. It is one` and `amp.url`; the upstream may reject either form.",
            "The proxy rejects a body that is too large, in either coding.",
            "The proxy rejects a call without a key (with 401 or 403.)",
        )
    ),
    # the subject
    ("A call without a credential is rejected with 401.", ["actor"]),
    ("The proxy's answer has a length.", ["actor"]),
    ("The proxy-side check rejects the call.", ["actor"]),
    ("When the upstream fails, the client gets 502.", ["actor"]),
    ("The proxying server rejects the call.", ["actor"]),
    ("If it has a key the proxy sends it.", ["actor"]),
    ("Nobody may call the proxy.", ["nameless-person"]),
    ("Whoever calls the proxy needs a key.", ["nameless-person"]),
    ("One must not call the proxy.", ["nameless-person"]),
    ("One that has no key is rejected.", ["dangling-start"]),
    # one sentence
    ("The proxy rejects the call", ["one-sentence"]),
    ("The proxy rejects the call. The client retries.", ["one-sentence"]),
    ("The proxy rejects the call with 400. 422 is right.", ["one-sentence"]),
    ("The proxy rejects the call!", ["one-sentence"]),
    # references
    ("It does so where the upstream compresses the stream.", ["dangling-start"]),
    ("This rejects the call.", ["dangling-start"]),
    ("Such an error keeps its body.", ["dangling-start"]),
    ("So is one whose length is not told beforehand.", ["dangling-so"]),
    ("The same holds for management calls.", ["dangling-same"]),
    ("The proxy accepts a second key too.", ["dangling-end"]),
    ("The proxy omits the second key as well; the upstream retries.", ["dangling-end"]),
    ("The proxy does not forward the second key either.", ["dangling-end"]),
    ("The proxy forwards the query likewise.", ["dangling-end"]),
    # words
    ("The proxy rejects a body that is no JSON.", ["is-no"]),
    ("The proxy lets the call go on.", ["idiom"]),
    ("The proxy ensures that the error comes back.", ["idiom"]),
]


@pytest.mark.parametrize(("text", "rules"), TEXTS)
def test_words(text: str, rules: list[str]) -> None:
    assert [problem.rule for problem in find_word_problems(text)] == rules


@pytest.mark.parametrize(("statement", "rules"), STATEMENTS)
def test_statements(statement: str, rules: list[str]) -> None:
    assert [problem.rule for problem in find_statement_problems(statement)] == rules


def test_a_problem_shows_the_words_and_what_to_write() -> None:
    (problem,) = find_word_problems("The body\nwas  no JSON, which `is no key`.")

    assert (problem.words, problem.reason) == ("was no", "English denies with `is not`")
    assert problem.instead == "write `is not` or `is invalid`"


@pytest.mark.parametrize("actor", ACTORS)
def test_every_actor_may_act(actor: str) -> None:
    assert find_statement_problems(f"The {actor} sends a request.") == ()


@pytest.mark.parametrize("opener", OPENERS)
def test_every_clause_may_stand_in_front(opener: str) -> None:
    assert find_statement_problems(f"{opener.capitalize()} a first call, the proxy sends a request.") == ()
