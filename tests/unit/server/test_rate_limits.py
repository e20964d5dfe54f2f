"""Token buckets under a clock of the test's: what passes, what waits, and what is remembered."""

import asyncio
import json
import logging

import pytest

from schemaregistry.errors import ResourceExhausted
from schemaregistry_server.audit_log.log_limit import WINDOW_SECONDS, LogLimit
from schemaregistry_server.rpc.rate_limits import (
    LOGGED,
    LOGGED_IDENTITIES,
    MAX_WAITING,
    REFUSALS,
    LaterRefusals,
    RateLimits,
)
from schemaregistry_server.security.identity import ROLES, Identity, Role
from schemaregistry_server.security.rights import Rights
from schemaregistry_server.security.token_buckets import TokenBuckets

A, B = (Identity(f"spiffe://prod/{name}", Rights(), "mtls") for name in "ab")


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1e6

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def passes(buckets: TokenBuckets, key: str, tries: int) -> int:
    return sum(not buckets.take(key) for _ in range(tries))


@pytest.mark.parametrize("rate", [1.0, 3.0, 10.0, 100.0, 1000.0])
def test_a_full_bucket_has_a_seconds_tokens_and_fills_at_its_rate(clock: Clock, rate: float) -> None:
    buckets = TokenBuckets(rate, clock)
    assert passes(buckets, "a", 5000) == rate
    assert buckets.take("a") == pytest.approx(1 / rate, rel=0.01)
    clock.now += 0.5
    assert passes(buckets, "a", 5000) == rate // 2
    clock.now += 1000
    assert passes(buckets, "a", 5000) == rate


def test_a_rate_below_one_a_second_lets_one_through_and_says_how_long_to_wait(clock: Clock) -> None:
    buckets = TokenBuckets(0.1, clock)
    assert (buckets.take("a"), buckets.take("a")) == (0, pytest.approx(10))
    clock.now += 4
    assert buckets.take("a") == pytest.approx(6)
    clock.now += 6
    assert buckets.take("a") == 0


def test_who_waits_as_told_is_let_in_and_refused_tries_cost_nothing(clock: Clock) -> None:
    buckets = TokenBuckets(10, clock)
    passes(buckets, "a", 10)
    wait = buckets.take("a")
    assert passes(buckets, "a", 1000) == 0
    clock.now += wait
    assert buckets.take("a") == 0


def test_a_bucket_is_its_keys_own(clock: Clock) -> None:
    buckets = TokenBuckets(5, clock)
    assert [passes(buckets, key, 50) for key in "abc"] == [5, 5, 5]


def test_the_table_is_bounded_and_forgets_who_came_longest_ago(clock: Clock) -> None:
    buckets = TokenBuckets(1, clock, most=100)
    for number in range(100):
        buckets.take(f"key {number}")
    clock.now += 0.1
    buckets.take("one more")
    assert len(buckets) == 100
    assert [bool(buckets.take(f"key {number}")) for number in (99, 50, 1)] == [True] * 3
    assert buckets.take("key 0") == 0, "it was forgotten, and would be full by now"


def refused(limits: RateLimits, rpc: str, caller: Identity) -> ResourceExhausted | None:
    try:
        limits._count(rpc, caller)
    except ResourceExhausted as error:
        return error
    return None


def test_reads_and_writes_are_counted_apart_and_each_identity_for_itself(clock: Clock) -> None:
    limits = RateLimits(5, 2, 0, clock)
    for caller in (A, B):
        assert [bool(refused(limits, "RegisterSchema", caller)) for _ in range(3)] == [False, False, True]
        assert [bool(refused(limits, "GetSchema", caller)) for _ in range(6)] == [False] * 5 + [True]


def test_each_rpc_is_a_read_or_a_write(clock: Clock) -> None:
    for rpc, role in ROLES.items():
        reads, writes = (refused_after_one(rpc, *rates, clock) for rates in ((1, 0), (0, 1)))
        assert (reads, writes) == (role is Role.READ, role is not Role.READ)


def refused_after_one(rpc: str, reads: float, writes: float, clock: Clock) -> bool:
    limits = RateLimits(reads, writes, 0, clock)
    refused(limits, rpc, A)
    return refused(limits, rpc, A) is not None


def test_a_refusal_says_whose_limit_it_is_and_how_long_to_wait(clock: Clock) -> None:
    limits = RateLimits(0, 0.5, 0, clock)
    limits._count("RegisterSchema", A)
    error = refused(limits, "RegisterSchema", A)
    assert error
    assert (error.reason, error.retry_after) == ("RATE_LIMITED", pytest.approx(2))
    assert error.metadata == {"identity": A.name, "rpc": "RegisterSchema", "limit": "writes"}
    assert "0.5 writes a second" in error.message


def test_nobody_is_told_to_come_back_at_once(clock: Clock) -> None:
    limits = RateLimits(1000, 0, 0, clock)
    errors = [error for _ in range(1001) if (error := refused(limits, "GetSchema", A))]
    assert errors[0].retry_after == pytest.approx(0.1)


def test_without_limits_nothing_is_counted(clock: Clock) -> None:
    limits = RateLimits(0, 0, 0, clock)
    for _ in range(100_000):
        limits._count("RegisterSchema", A)
        limits._count_call("127.0.0.1:1")


def test_a_connection_is_counted_whoever_calls(clock: Clock) -> None:
    limits = RateLimits(0, 0, 3, clock)
    for _ in range(3):
        limits._count_call("127.0.0.1:1")
    with pytest.raises(ResourceExhausted) as error:
        limits._count_call("127.0.0.1:1")
    assert (error.value.reason, error.value.metadata) == ("RATE_LIMITED", {"limit": "connection"})
    limits._count_call("127.0.0.1:2")


def test_the_log_has_a_few_lines_a_minute_of_each_identity(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    limits = RateLimits(1, 0, 0, clock)
    for _ in range(500):
        for caller in (A, B):
            refused(limits, "GetSchema", caller)
    lines = [json.loads(line) for line in caplog.messages]
    assert [line["who"] for line in lines] == [A.name, B.name] * LOGGED
    assert {line["reason"] for line in lines} == {"RATE_LIMITED"}
    caplog.clear()
    clock.now += WINDOW_SECONDS + 1
    for _ in range(2):
        refused(limits, "GetSchema", A)
    assert caplog.messages[0] == f"{499 - LOGGED} more calls of {A.name} were over its limit"
    assert len(caplog.messages) == 2


def test_the_log_has_a_few_lines_a_minute_of_all_connections(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    limits = RateLimits(0, 0, 1, clock)
    for number in range(50):
        limits._count_call(f"10.0.0.{number}:1")
        with pytest.raises(ResourceExhausted):
            limits._count_call(f"10.0.0.{number}:1")
    assert len(caplog.messages) == LOGGED


def test_what_the_log_was_told_is_remembered_of_so_many_identities(clock: Clock) -> None:
    limits = RateLimits(1, 0, 0, clock)
    for number in range(LOGGED_IDENTITIES + 100):
        for _ in range(2):
            refused(limits, "GetSchema", Identity(f"desk {number}", Rights(), "mtls"))
    assert len(limits._lines) == LOGGED_IDENTITIES


class Sleeps:
    """Sleeps that end when they are told to; `waits` has their seconds."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.over = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.waits.append(seconds)
        await self.over.wait()


async def begun(later: LaterRefusals, *keys: str) -> list[asyncio.Task[None]]:
    turns = [asyncio.create_task(later.turn(key)) for key in keys]
    await asyncio.sleep(0)
    return turns


async def test_refusals_of_one_come_after_one_another_and_anothers_at_its_own_time() -> None:
    sleeps = Sleeps()
    later = LaterRefusals(sleeps)
    turns = await begun(later, "a", "a", "a", "b", "a", "b")
    assert [round(seconds * REFUSALS) for seconds in sleeps.waits] == [1, 2, 3, 1, 4, 2]
    sleeps.over.set()
    await asyncio.gather(*turns)
    await later.turn("a")
    assert round(sleeps.waits[-1] * REFUSALS) == 1, "none waits any more"


async def test_so_many_refusals_wait_and_no_more() -> None:
    sleeps = Sleeps()
    later = LaterRefusals(sleeps)
    turns = await begun(later, *["a"] * 1000)
    assert len(sleeps.waits) == sum(not turn.done() for turn in turns) == MAX_WAITING // 8
    turns += await begun(later, *(f"key {number % 100}" for number in range(10_000)))
    assert sum(not turn.done() for turn in turns) == MAX_WAITING
    sleeps.over.set()
    await asyncio.gather(*turns)


async def test_a_caller_that_leaves_waits_no_longer() -> None:
    later = LaterRefusals(sleeps := Sleeps())
    turns = await begun(later, "a", "a")
    for turn in turns:
        turn.cancel()
    await asyncio.gather(*turns, return_exceptions=True)
    sleeps.over.set()
    await later.turn("a")
    assert round(sleeps.waits[-1] * REFUSALS) == 1


def test_a_window_that_was_within_its_limit_left_nothing_out(clock: Clock) -> None:
    limit = LogLimit(2, clock)
    assert [limit.admit() for _ in range(4)] == [(True, 0), (True, 0), (False, 0), (False, 0)]
    clock.now += WINDOW_SECONDS + 1
    assert [limit.admit() for _ in range(2)] == [(True, 2), (True, 0)]
    clock.now += WINDOW_SECONDS + 1
    assert limit.admit() == (True, 0)
