"""Counts of reads in memory: days, bounds, what is still to be saved; and their sums."""

from collections.abc import Sequence

import pytest

from schemaregistry.errors import Unavailable
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.rpc import read_summary
from schemaregistry_server.rpc.read_counts import DAY_SECONDS, DAYS, ReadCounts
from schemaregistry_server.rpc.read_saving import ReadSaver
from schemaregistry_server.store.base import ReadCount

NOON = 1_764_374_400.0 + DAY_SECONDS / 2
"""Noon of 2025-11-29, UTC."""


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


class Kept:
    """A store that has nothing but counts of reads; it fails while `away` is set."""

    def __init__(self) -> None:
        self.away = False
        self.counts: dict[tuple[str, ...], ReadCount] = {}

    async def save_reads(self, counts: Sequence[ReadCount]) -> None:
        if self.away:
            raise Unavailable("The disk is full.", reason="STORE_FAILED")
        self.counts |= {(each.day, each.writer, each.id, each.identity, each.version): each for each in counts}

    async def drop_reads(self, before: str) -> None:
        self.counts = {key: each for key, each in self.counts.items() if each.day >= before}

    def reads(self) -> list[tuple[str, str, str, int]]:
        return sorted((each.day, each.identity, each.version, each.reads) for each in self.counts.values())


@pytest.fixture
def clock() -> Clock:
    return Clock()


def shown(counts: Sequence[ReadCount]) -> list[tuple[str, str, str, int]]:
    return [(each.id, each.identity, each.version, each.reads) for each in counts]


def test_reads_are_counted_by_identity_and_version(clock: Clock) -> None:
    counts = ReadCounts(clock)
    for version in ("1.0.0", "1.1.0", "1.1.0"):
        counts.count("etl", "ticks", version)
    counts.count("etl", "bars", "1.0.0")
    assert shown(counts.of("ticks")) == [("ticks", "etl", "1.0.0", 1), ("ticks", "etl", "1.1.0", 2)]


def test_a_read_after_midnight_is_of_the_next_day(clock: Clock) -> None:
    counts = ReadCounts(clock)
    counts.count("etl", "ticks", "1.0.0")
    clock.now += DAY_SECONDS / 2
    counts.count("etl", "ticks", "1.0.0")
    assert [each.day for each in counts.of("ticks")] == ["2025-11-29", "2025-11-30"]


def test_readers_over_the_limit_are_counted_as_others_and_said_once(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    counts = ReadCounts(clock, most=2, most_others=10)
    for number in range(5):
        counts.count(f"etl-{number}", "ticks", "1.0.0")
    counts.count("etl-0", "ticks", "1.0.0")
    assert shown(counts.of("ticks")) == [
        ("ticks", "etl-0", "1.0.0", 2),
        ("ticks", "etl-1", "1.0.0", 1),
        ("ticks", "", "", 3),
    ]
    assert len(caplog.records) == 1


def test_others_of_too_many_schemas_are_counted_together(clock: Clock) -> None:
    counts = ReadCounts(clock, most=1, most_others=2)
    for schema in ("a", "b", "c", "d", "e", "b"):
        counts.count("etl", schema, "1.0.0")
    assert shown(counts.of("b")) == [("b", "", "", 2), ("", "", "", 2)]
    assert sum(each.reads for each in counts.take_unsaved()[1]) == 6


def test_what_is_saved_is_not_saved_again_until_it_changes(clock: Clock) -> None:
    counts = ReadCounts(clock)
    counts.count("etl", "ticks", "1.0.0")
    counts.count("etl", "bars", "1.0.0")
    assert len(counts.take_unsaved()[1]) == 2
    assert counts.take_unsaved()[1] == []
    counts.count("etl", "bars", "1.0.0")
    assert shown(counts.take_unsaved()[1]) == [("bars", "etl", "1.0.0", 2)]


async def test_counts_wait_in_memory_while_the_store_is_away(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    counts, store = ReadCounts(clock), Kept()
    saver = ReadSaver(store, counts)  # type: ignore[arg-type]
    store.away = True
    for _ in range(3):
        counts.count("etl", "ticks", "1.0.0")
        await saver.save()
        clock.now += DAY_SECONDS
    assert len(caplog.records) == 1
    store.away = False
    await saver.save()
    assert store.reads() == [(f"2025-{day}", "etl", "1.0.0", 1) for day in ("11-29", "11-30", "12-01")]


async def test_a_store_that_stays_away_costs_a_week_of_counts_and_no_more(clock: Clock) -> None:
    counts, store = ReadCounts(clock), Kept()
    store.away = True
    for _ in range(3 * DAYS):
        counts.count("etl", "ticks", "1.0.0")
        await ReadSaver(store, counts).save()  # type: ignore[arg-type]
        clock.now += DAY_SECONDS
    counts.count("etl", "ticks", "1.0.0")
    assert len(counts.of("ticks")) == DAYS


async def test_an_unforeseen_error_of_the_store_loses_no_count(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    counts, store = ReadCounts(clock), Kept()
    saver = ReadSaver(store, counts)  # type: ignore[arg-type]

    async def fails(_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(store, "save_reads", fails)
        counts.count("etl", "ticks", "1.0.0")
        await saver.save()
    await saver.save()
    assert [each[3] for each in store.reads()] == [1]


async def test_days_before_the_last_seven_are_deleted(clock: Clock) -> None:
    counts, store = ReadCounts(clock), Kept()
    saver = ReadSaver(store, counts)  # type: ignore[arg-type]
    for _ in range(DAYS + 3):
        counts.count("etl", "ticks", "1.0.0")
        await saver.save()
        clock.now += DAY_SECONDS
    assert [day for day, *_ in store.reads()] == [f"2025-12-{day:02}" for day in range(2, 9)]


def test_a_day_that_is_saved_and_over_leaves_memory(clock: Clock) -> None:
    counts = ReadCounts(clock)
    counts.count("etl", "ticks", "1.0.0")
    clock.now += DAY_SECONDS
    counts.take_unsaved()
    counts.drop_saved()
    assert counts.of("ticks") == []


async def test_a_clock_that_is_set_back_costs_no_count(clock: Clock) -> None:
    counts, store = ReadCounts(clock), Kept()
    saver = ReadSaver(store, counts)  # type: ignore[arg-type]
    for step in (DAY_SECONDS, -DAY_SECONDS):
        counts.count("etl", "ticks", "1.0.0")
        counts.count("etl", "ticks", "1.0.0")
        await saver.save()
        clock.now += step
    counts.count("etl", "ticks", "1.0.0")
    await saver.save()
    assert [(day, reads) for day, _, _, reads in store.reads()] == [
        ("2025-11-29", 1),
        ("2025-11-29", 2),
        ("2025-11-30", 2),
    ]


def test_counts_of_several_processes_and_days_are_added_up() -> None:
    counts = [
        ReadCount("2025-11-28", "one", "ticks", "etl", "1.10.0", 3),
        ReadCount("2025-11-29", "two", "ticks", "etl", "1.9.0", 4),
        ReadCount("2025-11-29", "two", "ticks", "", "", 5),
        ReadCount("2025-11-29", "two", "", "", "", 6),
        ReadCount("2025-11-29", "two", "ticks", "backtest", "1.9.0", 1),
    ]
    backtest, etl, others, unassigned = read_summary.summed(counts, [])
    assert etl == pb.ObservedConsumer(
        identity="etl",
        versions=["1.9.0", "1.10.0"],
        reads=7,
        first_seen="2025-11-28",
        last_seen="2025-11-29",
        kind="observed",
    )
    assert backtest.identity == "backtest"
    assert (others.kind, others.reads, others.identity) == ("others", 5, "")
    assert (unassigned.kind, unassigned.reads) == ("unassigned", 6)


def test_a_process_own_newer_count_replaces_the_one_that_it_saved() -> None:
    saved = ReadCount("2025-11-29", "one", "ticks", "etl", "1.0.0", 3)
    other = ReadCount("2025-11-29", "two", "ticks", "etl", "1.0.0", 10)
    newer = ReadCount("2025-11-29", "one", "ticks", "etl", "1.0.0", 5)
    for stored, own in (([saved, other], [newer]), ([newer, other], [saved])):  # saved while memory was asked
        (etl,) = read_summary.summed(stored, own)
        assert etl.reads == 15


@pytest.mark.parametrize("letter", ["a", "é", "漢", "🜚", '"', "\\"])
def test_the_place_of_the_longest_name_fits_into_a_page_token(letter: str) -> None:
    from schemaregistry_server.rpc import limits, pages

    longest = letter * (2048 // len(letter.encode()))
    token = pages.read(1, "", "consumers", "a" * 128).token(
        read_summary.place(pb.ObservedConsumer(identity=longest, kind="observed"))
    )
    assert len(token) <= limits.CHARACTERS["page_token"]
