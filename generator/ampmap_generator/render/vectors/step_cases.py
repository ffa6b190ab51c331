"""Questions about a profile's set, the preference among its modes, and the steps after one was taken."""

from __future__ import annotations

from functools import partial
from itertools import combinations

from ...vendored.auth import DispatchEnvironment
from .questions import CLAUDE, CLOUD, GEMINI, LOCAL, NO_KEY, NO_QUOTA, NOT_ENTITLED, Question, no


def set_questions() -> tuple[Question, ...]:
    """The cases of the set and of the preference, in the order of the requirements."""
    return (*_preference(), *_order_of_the_set(), *_single_mode(), *_result_in_set())


def later_questions() -> tuple[Question, ...]:
    """The cases of the steps after a mode was taken, in the order of the requirements."""
    return (*_capacity(), *_entitlement(), *_key_pool(), *_quota(), *_runtime_provider())


def _preference() -> tuple[Question, ...]:
    about = partial(Question, "auth-modes.preference-order")
    return (
        *(
            about(f"{name}.{first}-before-{second}", f"preference-order-{name}", name, (second, first), first)
            for name, modes in (("claude", CLAUDE), ("codex", CLAUDE), ("amp", CLAUDE[:2]))
            for first, second in combinations(modes, 2)
        ),
        *(
            about(f"gemini.{first}-before-local", "preference-order-local-last", "gemini", ("local", first), first)
            for first in CLAUDE
        ),
        about("gemini.all", "preference-order-full", "gemini", GEMINI[::-1], "byok"),
    )


def _order_of_the_set() -> tuple[Question, ...]:
    about = partial(Question, "auth-modes.order-of-the-set")
    a_set = partial(about, rule="profiles-set")
    twice = partial(about, rule="profiles-mode-twice", provider="claude", answer=None)
    return (
        a_set("claude.as-preferred", provider="claude", modes=CLAUDE, answer="byok"),
        a_set("claude.reversed", provider="claude", modes=CLAUDE[::-1], answer="byok"),
        a_set("amp.reversed", provider="amp", modes=("metered", "byok"), answer="byok"),
        a_set("codex.last-first", provider="codex", modes=("host-session", "shared", "metered"), answer="metered"),
        *(
            a_set(f"gemini.{GEMINI[at]}-first", provider="gemini", modes=GEMINI[at:] + GEMINI[:at], answer="byok")
            for at in range(1, 5)
        ),
        twice("claude.twice", modes=("metered", "metered")),
        twice("claude.twice-and-another", modes=("shared", "byok", "shared")),
    )


def _single_mode() -> tuple[Question, ...]:
    about = partial(Question, "auth-modes.single-mode", rule="resolution-one-mode")
    offered = {"claude": CLAUDE, "gemini": GEMINI, "amp": CLAUDE[:2], "ollama": ("local",), "spring-ai": ("byok",)}
    return tuple(
        about(
            f"{name}.{mode}",
            provider=name,
            modes=(mode,),
            answer=mode,
            environment=LOCAL if mode in ("host-session", "local") else CLOUD,
        )
        for name, modes in offered.items()
        for mode in modes
    )


def _result_in_set() -> tuple[Question, ...]:
    about = partial(Question, "auth-modes.result-in-set", answer=None)
    unknown = partial(about, rule="profiles-mode-unknown", provider="claude")
    unsupported = partial(about, rule="profiles-mode-unsupported")
    return (
        unknown("claude.api-key", modes=("api-key",)),
        unknown("claude.api-key-beside-metered", modes=("api-key", "metered")),
        unknown("claude.wrong-case", modes=("BYOK", "shared")),
        unsupported("amp.shared-is-not-supported", provider="amp", modes=("shared",)),
        unsupported("amp.shared-beside-metered", provider="amp", modes=("shared", "metered")),
        unsupported("ollama.byok-is-not-supported", provider="ollama", modes=("byok", "local")),
        unsupported("spring-ai.local-beside-byok", provider="spring-ai", modes=("local", "byok")),
        unsupported(
            "spring-ai.only-unsupported-is-left",
            provider="spring-ai",
            modes=("local", "byok"),
            policy={"org": {"*": no("byok")}},
        ),
    )


# --- the steps after a mode was taken


def _capacity() -> tuple[Question, ...]:
    about = partial(Question, "auth-modes.local-capacity")
    needs = partial(about, rule="resolution-step-4-local-pool")
    refused = partial(needs, answer="auth-mode-requires-local-capacity", environment=CLOUD)
    inferred = partial(about, rule="errors-local-mode-inferred", modes=("local",), answer=None, environment=CLOUD)
    misplaced = partial(about, rule="resolution-cloud-mode-on-local", provider="claude", answer=None, environment=LOCAL)
    session, either = ("host-session",), ("host-session", "byok")
    others_denied = {"org": {"*": no("byok", "metered", "shared")}}
    return (
        *(refused(f"{name}.host-session-in-the-cloud", provider=name, modes=session) for name in ("claude", "codex")),
        refused("gemini.host-session-in-the-cloud", provider="gemini", modes=session),
        refused("claude.host-session-alone-is-left", provider="claude", modes=CLAUDE, policy=others_denied),
        needs("claude.session-on-local", provider="claude", modes=session, answer="host-session", environment=LOCAL),
        needs("claude.session-before-a-place", provider="claude", modes=session, answer="host-session"),
        needs("claude.byok-in-the-cloud", provider="claude", modes=either, answer="byok", environment=CLOUD),
        needs("claude.byok-on-local", provider="claude", modes=either, answer="byok", environment=LOCAL),
        needs("gemini.local-on-local", provider="gemini", modes=("local",), answer="local", environment=LOCAL),
        *(inferred(f"{name}.local-in-the-cloud", provider=name) for name in ("gemini", "ollama")),
        about("gemini.two-local-modes", "resolution-no-retry-inferred", "gemini", GEMINI[3:], None, environment=CLOUD),
        misplaced("claude.metered-on-local", modes=("metered",)),
        misplaced("claude.shared-on-local", modes=("shared",)),
    )


def _entitlement() -> tuple[Question, ...]:
    about = partial(Question, "auth-modes.metered-entitlement")
    needs = partial(about, rule="entitlement-flag")
    refused = partial(needs, answer="not-entitled-to-metered", environment=NOT_ENTITLED)
    without_byok = {"org": {"*": no("byok")}}
    neither = DispatchEnvironment(runs_on="cloud", metered_enabled=False, metered_key=False)
    either, alone = ("metered", "byok"), ("metered",)
    return (
        *(refused(f"{name}.not-entitled", provider=name, modes=alone) for name in ("claude", "amp", "codex", "gemini")),
        refused("claude.byok-is-denied", provider="claude", modes=either, policy=without_byok),
        needs("claude.entitled", provider="claude", modes=alone, answer="metered", environment=CLOUD),
        needs("amp.byok-needs-none", provider="amp", modes=either, answer="byok", environment=NOT_ENTITLED),
        needs(
            "claude.shared-needs-none", provider="claude", modes=("shared",), answer="shared", environment=NOT_ENTITLED
        ),
        about(
            "claude.shared-would-be-left",
            "resolution-metered-retry",
            "claude",
            ("metered", "shared"),
            None,
            environment=NOT_ENTITLED,
        ),
        about(
            "claude.neither-entitled-nor-key",
            "resolution-order-of-later-checks",
            "claude",
            alone,
            None,
            environment=neither,
        ),
    )


def _key_pool() -> tuple[Question, ...]:
    about = partial(Question, "auth-modes.metered-key", environment=NO_KEY)
    needs = partial(about, rule="entitlement-key-pool")
    return (
        *(
            needs(f"{name}.no-key", provider=name, modes=("metered",), answer="no-metered-key")
            for name in ("claude", "amp", "codex", "gemini")
        ),
        needs("claude.byok-needs-no-pool", provider="claude", modes=("metered", "byok"), answer="byok"),
        needs("codex.shared-needs-no-pool", provider="codex", modes=("shared",), answer="shared"),
        about(
            "claude.shared-would-be-left",
            rule="resolution-metered-retry",
            provider="claude",
            modes=("metered", "shared"),
            answer=None,
        ),
    )


def _quota() -> tuple[Question, ...]:
    about = partial(Question, "auth-modes.shared-quota", environment=NO_QUOTA)
    within = partial(about, rule="quota-shared")
    used_up = partial(within, answer="shared-quota-exceeded")
    others_denied = {"project": {"provider": no("byok", "metered", "host-session")}}
    return (
        *(used_up(f"{name}.used-up", provider=name, modes=("shared",)) for name in ("claude", "codex", "gemini")),
        used_up("claude.alone-is-left", provider="claude", modes=CLAUDE, policy=others_denied),
        within("claude.some-is-left", provider="claude", modes=("shared",), answer="shared", environment=CLOUD),
        within("claude.byok-has-none", provider="claude", modes=("shared", "byok"), answer="byok"),
        within("claude.metered-has-none", provider="claude", modes=("metered", "shared"), answer="metered"),
        about(
            "claude.host-session-would-be-left",
            rule="resolution-no-retry-inferred",
            provider="claude",
            modes=("shared", "host-session"),
            answer=None,
        ),
    )


def _runtime_provider() -> tuple[Question, ...]:
    about = partial(Question, "auth-modes.runtime-provider", rule="resolution-step-5-gemini")
    return (
        *(
            about(f"gemini.{mode}", provider="gemini", modes=(mode,), answer=mode, environment=LOCAL)
            for mode in ("host-session", "local")
        ),
        *(
            about(f"gemini.{mode}", provider="gemini", modes=(mode,), answer=mode, environment=CLOUD)
            for mode in ("byok", "metered", "shared")
        ),
        about(
            "claude.host-session",
            provider="claude",
            modes=("host-session",),
            answer="host-session",
            environment=LOCAL,
        ),
    )
