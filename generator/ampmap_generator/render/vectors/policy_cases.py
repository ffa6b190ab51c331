"""Questions about the access matrix: what each scope removes, what none can add, and which cell decides."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from .questions import CLAUDE, CLOUD, GEMINI, Question, no, yes

SCOPES = ("system", "org", "project")
PLACES = ("model", "provider", "*")
BOTH = ("byok", "metered")
UNSATISFIABLE = "authmodes-unsatisfiable"


def policy_questions() -> tuple[Question, ...]:
    """The cases, in the order of the requirements."""
    return (*_intersection(), *_narrowing(), *_widening(), *_lookup(), *_absent(), *_denials())


def _intersection() -> tuple[Question, ...]:
    about = partial(Question, "auth-modes.empty-intersection", rule="resolution-step-2-intersection")
    empty = partial(about, answer=UNSATISFIABLE)
    spread = {"system": {"*": no("byok")}, "org": {"provider": no("metered")}, "project": {"model": no("shared")}}
    return (
        empty("claude.empty-set", provider="claude", modes=()),
        empty("ollama.empty-set", provider="ollama", modes=()),
        *(
            empty(f"claude.all-denied-by-{scope}", provider="claude", modes=CLAUDE, policy={scope: {"*": no(*GEMINI)}})
            for scope in SCOPES
        ),
        empty("claude.one-denied-by-each", provider="claude", modes=CLAUDE[:3], policy=spread),
        empty("claude.no-fallback", provider="claude", modes=("byok",), policy={"org": {"provider": no("byok")}}),
        empty("codex.no-fallback", provider="codex", modes=("shared",), policy={"project": {"*": no("shared")}}),
        empty("amp.both-denied", provider="amp", modes=BOTH, policy={"org": {"*": no(*BOTH)}}),
        empty("gemini.last-denied", provider="gemini", modes=("local",), policy={"org": {"model": no("local")}}),
        empty("ollama.only-denied", provider="ollama", modes=("local",), policy={"system": {"provider": no("local")}}),
        empty("spring-ai.only-denied", provider="spring-ai", modes=("byok",), policy={"project": {"*": no("byok")}}),
        empty(
            "claude.not-for-its-place",
            provider="claude",
            modes=("host-session",),
            policy={"org": {"*": no("host-session")}},
            environment=CLOUD,
        ),
    )


def _narrowing() -> tuple[Question, ...]:
    about = partial(Question, "auth-modes.scopes-narrow")
    narrow = partial(about, rule="access-matrix-narrow-only")
    return (
        *(
            about(
                f"{provider}.{scope}-denies-byok",
                "resolution-step-1-cascade",
                provider,
                BOTH,
                "metered",
                {scope: {"*": no("byok")}},
            )
            for provider in ("claude", "gemini")
            for scope in SCOPES
        ),
        about("amp.both-allowed", "resolution-byok-excluded", "amp", BOTH, "byok"),
        about(
            "amp.policy-excludes-byok",
            "resolution-byok-excluded",
            "amp",
            BOTH,
            "metered",
            {"org": {"provider": no("byok")}},
        ),
        about(
            "claude.project-allows-metered-only",
            "resolution-project-metered-only",
            "claude",
            BOTH,
            "metered",
            {"project": {"provider": no("byok", "shared", "host-session", "local")}},
        ),
        narrow(
            "claude.each-removes-another",
            provider="claude",
            modes=CLAUDE,
            answer="host-session",
            policy={"system": {"*": no("byok")}, "org": {"*": no("metered")}, "project": {"*": no("shared")}},
        ),
        narrow(
            "codex.two-scopes",
            provider="codex",
            modes=CLAUDE,
            answer="shared",
            policy={"system": {"provider": no("metered")}, "project": {"model": no("byok")}},
        ),
        narrow(
            "gemini.all-but-the-last",
            provider="gemini",
            modes=GEMINI,
            answer="local",
            policy={"org": {"*": no(*CLAUDE[:2])}, "project": {"*": no(*CLAUDE[2:])}},
        ),
        narrow(
            "claude.denied-twice",
            provider="claude",
            modes=("byok", "shared"),
            answer="shared",
            policy={"system": {"*": no("byok")}, "org": {"*": no("byok")}},
        ),
    )


def _widening() -> tuple[Question, ...]:
    about = partial(Question, "auth-modes.never-widens")
    adds = partial(about, rule="access-matrix-allow")
    narrow = partial(about, rule="access-matrix-narrow-only")
    return (
        *(
            adds(
                f"claude.{above}-denies-{below}-allows-by-{place}",
                provider="claude",
                modes=BOTH,
                answer="metered",
                policy={above: {"*": no("byok")}, below: {place: yes("byok")}},
            )
            for above, below in (*pairwise(SCOPES), ("system", "project"))
            for place in PLACES
        ),
        adds(
            "claude.not-in-the-set",
            provider="claude",
            modes=("shared",),
            answer="shared",
            policy={"org": {"*": yes(*BOTH)}},
        ),
        adds(
            "amp.allowed-but-not-in-the-set",
            provider="amp",
            modes=("metered",),
            answer=UNSATISFIABLE,
            policy={"org": {"provider": {**yes("byok"), **no("metered")}}},
        ),
        narrow(
            "claude.more-exact-below",
            provider="claude",
            modes=BOTH,
            answer="metered",
            policy={"org": {"provider": no("byok")}, "project": {"model": yes("byok"), "provider": yes("byok")}},
        ),
        narrow(
            "codex.all-allowed-again",
            provider="codex",
            modes=CLAUDE,
            answer=UNSATISFIABLE,
            policy={"system": {"*": no(*CLAUDE)}, "org": {"*": yes(*CLAUDE)}, "project": {"model": yes(*CLAUDE)}},
        ),
        narrow(
            "gemini.allowed-above-denied-below",
            provider="gemini",
            modes=BOTH,
            answer="metered",
            policy={"system": {"*": yes(*GEMINI)}, "project": {"*": no("byok")}},
        ),
    )


def _lookup() -> tuple[Question, ...]:
    about = partial(Question, "auth-modes.lookup-order", modes=BOTH)
    lookup = partial(about, rule="access-matrix-lookup")
    company = partial(about, rule="access-matrix-provider-key", answer=None)
    places = (
        ("org", "model", "provider"),
        ("org", "model", "*"),
        ("org", "provider", "*"),
        ("system", "model", "provider"),
        ("project", "provider", "*"),
    )
    return (
        *(
            lookup(
                f"claude.{scope}.{near}-over-{far}.{word}",
                provider="claude",
                answer=answer,
                policy={scope: {near: at_near("byok"), far: at_far("byok")}},
            )
            for scope, near, far in places
            for word, answer, at_near, at_far in (("allows", "byok", yes, no), ("denies", "metered", no, yes))
        ),
        lookup(
            "codex.model-of-three",
            provider="codex",
            answer="byok",
            policy={"org": {"model": yes("byok"), "provider": no("byok"), "*": no("byok")}},
        ),
        lookup(
            "gemini.model-of-three",
            provider="gemini",
            answer="metered",
            policy={"project": {"model": no("byok"), "provider": yes("byok"), "*": yes("byok")}},
        ),
        lookup(
            "claude.row-without-the-mode-is-passed-over",
            provider="claude",
            answer="metered",
            policy={"org": {"model": yes("metered"), "provider": no("byok")}},
        ),
        lookup(
            "amp.rows-without-the-mode-are-passed-over",
            provider="amp",
            answer="metered",
            policy={"org": {"model": yes("metered"), "provider": yes("metered"), "*": no("byok")}},
        ),
        company("claude.company-denies", provider="claude", policy={"org": {"company": no("byok")}}),
        company("codex.company-denies", provider="codex", policy={"system": {"company": no("byok")}}),
    )


def _absent() -> tuple[Question, ...]:
    about = partial(Question, "auth-modes.absent-allows", rule="access-matrix-absent")
    providers = ("claude", "amp", "codex", "gemini", "spring-ai")
    return (
        *(about(f"{name}.no-cell", provider=name, modes=("byok",), answer="byok") for name in providers),
        about("ollama.no-cell", provider="ollama", modes=("local",), answer="local"),
        *(
            about(
                f"claude.{scope}-speaks-of-another-{what}",
                provider="claude",
                modes=CLAUDE,
                answer="byok",
                policy={scope: {f"another-{what}": no(*GEMINI)}},
            )
            for scope in ("org", "project")
            for what in ("model", "provider")
        ),
        about(
            "claude.other-modes-only",
            provider="claude",
            modes=("byok", "shared"),
            answer="byok",
            policy={"org": {"*": no("metered")}},
        ),
        about(
            "claude.empty-rows",
            provider="claude",
            modes=("metered",),
            answer="metered",
            policy={"org": {"model": {}, "*": {}}},
        ),
    )


def _denials() -> tuple[Question, ...]:
    about = partial(Question, "auth-modes.denied-removed", rule="access-matrix-deny")
    return (
        *(
            about(
                f"claude.up-to-{mode}-by-{place}",
                provider="claude",
                modes=CLAUDE,
                answer=following,
                policy={"org": {place: no(*CLAUDE[: CLAUDE.index(following)])}},
            )
            for mode, following in pairwise(CLAUDE)
            for place in PLACES
        ),
        *(
            about(
                f"gemini.{mode}-alone",
                provider="gemini",
                modes=GEMINI,
                answer="metered" if mode == "byok" else "byok",
                policy={"org": {"*": no(mode)}},
            )
            for mode in GEMINI
        ),
    )
