"""What a soak judges beside single calls: waves of streams, what is left open, memory, and durations."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from ampmap_conformance.errors import UsageError
from ampmap_conformance.observer.occupancy import Occupancy, Occupied
from ampmap_conformance.soak.concurrency import Waves
from ampmap_conformance.soak.gate import Gate, Wave
from ampmap_conformance.soak.growth import Held, of_connections, of_memory
from ampmap_conformance.soak.judge import Judged
from ampmap_conformance.soak.options import in_words, seconds_in
from ampmap_conformance.wire.messages import Headers

MEGABYTE = 1 << 20


def broken(found: Judged | None) -> bool | None:
    return None if found is None else found.violation is not None


def test_streams_that_end_with_the_soak_are_no_wave() -> None:
    gate = Gate()
    for _ in range(20):
        gate.join()
    watch = gate.joined("one", len, lambda _to, _n: None)
    gate.end()
    watch(Headers(), b"word")
    assert gate.taken() == []


def test_a_gate_lets_streams_go_when_each_user_has_one() -> None:
    gate, released = Gate(), list[tuple[tuple[str, ...], int]]()
    users = 5
    for _ in range(users):
        gate.join()

    def stream(number: int) -> None:
        watch = gate.joined(
            f"n{number}", lambda body: body.count(b"word"), lambda to, n: released.append((tuple(to), n))
        )
        watch(Headers(), b"no ")
        watch(Headers(), b"word")
        gate.left(f"n{number}")

    with ThreadPoolExecutor(users) as pool:
        list(pool.map(stream, range(users)))
    (wave,) = gate.taken()
    assert (wave.begun, wave.is_full) == (users, True)
    assert {names for names, pieces in released if pieces > 2} == {(f"n{number}",) for number in range(users)}


@pytest.mark.parametrize(
    ("begun", "running", "quick", "expected"),
    [
        ((1, 1), 1, True, [None, True]),
        ((1, 20, 1), 1, True, [None, False, None]),
        ((0, 0), 0, True, [None, None]),
        ((1, 1), 1, False, [None, None]),
        ((1, 1), 30, True, [None, None]),
        ((3,), 3, True, [False]),
    ],
    ids=["one at a time", "once alone", "none begins", "a slow kit", "a slow proxy", "a few at a time"],
)
def test_streams_wait_for_each_other(
    begun: tuple[int, ...], running: int, quick: bool, expected: list[bool | None]
) -> None:
    waves = Waves()
    found = [waves.judged(Wave(30, count, is_full=False), running=running, is_kit_quick=quick) for count in begun]
    assert [broken(one) for one in found] == expected


@pytest.mark.parametrize(
    ("at_half", "at_end", "descriptors", "expected"),
    [
        (90, 95, (10, 20), False),
        (150, 400, (10, 20), True),
        (390, 400, (10, 20), False),
        (90, 95, (400, 900), True),
        (90, 95, (None, None), False),
    ],
    ids=["a pool", "one more for each call", "pools of several processes", "other descriptors", "an unseen process"],
)
def test_what_ended_calls_leave_open(
    at_half: int, at_end: int, descriptors: tuple[int | None, int | None], expected: bool
) -> None:
    def held(at: float, connections: int, calls: int, of_process: int | None) -> Held:
        return Held(at, Occupied(connections, connections, 0, calls, 90, 100), None, of_process)

    before = held(0, 0, 0, None if descriptors[0] is None else 10)
    after = held(20, at_end, 2000, descriptors[1])
    during = [held(10, at_half, 1000, descriptors[0]), held(20, at_end, 2000, descriptors[1])]
    assert broken(of_connections(during, before, after)) is expected
    assert of_connections(during, before, held(20, 0, 0, None)) is None


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([50, 60, 61, 61, 61, 61, 61, 61], False),
        ([50, 60, 80, 100, 120, 140, 160, 180], True),
        ([50, 60, 100, 100, 90, 90, 95, 95], False),
        ([50, 90, 120], None),
    ],
    ids=["warm", "grows", "once", "too short"],
)
def test_memory_that_grows_with_the_calls(sizes: list[int], expected: bool | None) -> None:
    nothing = Occupied(0, 0, 0, 0, 0, 0)
    assert broken(of_memory([Held(at, nothing, size * MEGABYTE) for at, size in enumerate(sizes)])) is expected


def test_connections_are_counted_until_they_end() -> None:
    occupancy = Occupancy()
    with occupancy.call(1, "groq"), occupancy.call(2, "groq"):
        assert occupancy.now() == Occupied(open=2, opened=2, running=2, calls=2, peak=2, peaks=2)
    with occupancy.call(2, "openai"):
        occupancy.closed(1)
    occupancy.closed(3)
    assert occupancy.now() == Occupied(open=1, opened=2, running=0, calls=3, peak=2, peaks=3)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("1h30m", 5400), ("1h2m3s", 3723)])
def test_durations(text: str, seconds: float) -> None:
    assert seconds_in(text) == seconds
    assert seconds_in(in_words(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "10", "0s", "ten minutes", "5m10"])
def test_what_is_no_duration_is_invalid_usage(text: str) -> None:
    with pytest.raises(UsageError, match="--for"):
        seconds_in(text)
