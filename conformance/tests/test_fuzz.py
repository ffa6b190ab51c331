"""The profile `fuzz`: what it generates, what it finds, and that what it tells can be done again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest
from ampmap_conformance.refproxy.defects import DEFECTS
from ampmap_conformance.run import Ended
from ampmap_conformance.verdicts import ExitCode, Verdict

Run: TypeAlias = Callable[..., Ended]

ODD = {
    "odd-model-500": "fuzz.no-server-error[groq-chat.completions]",
    "zero-refused": "fuzz.valid-goes-on[anthropic-messages]",
    "missing-fields-made-up": "fuzz.invalid-is-no-success[groq-chat.completions]",
    "validation-in-own-shape": "fuzz.error-shape[anthropic-messages.count_tokens]",
    "page-for-rare-methods": "fuzz.content-type[xai-models.list]",
    "key-in-complaint": "fuzz.no-leak[cerebras-chat.completions]",
    "trace-in-complaint": "fuzz.no-stack-trace[openai-chat.completions]",
    "management-odd-body-500": "fuzz.management-holds[api-internal]",
}
"""A defect that odd data shows, and a case that shows it."""


@pytest.mark.parametrize(("defect", "case"), ODD.items())
def test_a_defect_that_odd_data_shows_is_found_in_one_case(run: Run, defect: str, case: str) -> None:
    assert DEFECTS[defect].breaks == (case.partition("[")[0],)
    ended = run(defects=(defect,), select=(case,), strict=True)
    (result,) = ended.report.results
    assert (result.id, result.verdict, ended.code) == (case, Verdict.FAIL, ExitCode.FAILURES)
