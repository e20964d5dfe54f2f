"""The catalog: lookups, its laws under any split into batches, and waiting for a revision."""

# ruff: noqa: A001, A002 (the field's term)

import asyncio
import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemaregistry.compat.judged_history import precedence
from schemaregistry.errors import DeadlineExceeded, InvalidArgument, NotFound
from schemaregistry_server.catalog.catalog import Catalog
from schemaregistry_server.catalog.current import CurrentCatalog
from schemaregistry_server.store.base import Entry


def entry(id: str, version: str, revision: int, raw: bytes = b"{}") -> Entry:
    return Entry(id, version, raw, f"sha256:{revision:064}", "ci-bot", 1, revision)


@st.composite
def histories(draw: st.DrawFn) -> list[Entry]:
    """Entries of a few ids whose revisions grow, with gaps."""
    ids = draw(st.lists(st.sampled_from("abcd"), max_size=30))
    steps = draw(st.lists(st.integers(1, 3), min_size=len(ids), max_size=len(ids)))
    revision, entries = 0, []
    for place, (id, step) in enumerate(zip(ids, steps, strict=True)):
        revision += step
        entries.append(entry(id, f"1.{place}.0", revision))
    return entries


def batches(entries: list[Entry], cuts: set[int]) -> Catalog:
    catalog = Catalog()
    for first, last in pairwise(sorted({0, len(entries), *(cut for cut in cuts if cut < len(entries))})):
        catalog = catalog.advance(entries[last - 1].revision, entries[first:last])
    return catalog


@given(histories(), st.sets(st.integers(1, 30)))
def test_batches_do_not_matter(entries: list[Entry], cuts: set[int]) -> None:
    catalog = batches(entries, cuts)
    assert [r.entry for r in catalog.after(0)] == entries
    assert list(catalog.ids()) == sorted({e.id for e in entries})
    for id in catalog.ids():
        schema = catalog.schema(id)
        assert [r.entry for r in schema.versions] == [e for e in entries if e.id == id]
        assert all(schema.find(r.entry.version) is r for r in schema.versions)
        assert schema.latest is schema.versions[-1]


@given(histories(), st.integers(-1, 100))
def test_after_a_revision_comes_exactly_what_is_later(entries: list[Entry], revision: int) -> None:
    assert [r.entry for r in batches(entries, set()).after(revision)] == [e for e in entries if e.revision > revision]


@given(histories(), st.integers(-1, 100), st.sets(st.sampled_from("abcde"), min_size=1))
def test_after_a_revision_comes_what_is_later_of_some_ids(entries: list[Entry], revision: int, ids: set[str]) -> None:
    later = [e for e in entries if e.revision > revision and e.id in ids]
    assert [r.entry for r in batches(entries, set()).after(revision, ids)] == later


@given(histories(), st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_what_comes_again_changes_nothing(entries: list[Entry], chance: random.Random) -> None:
    catalog = batches(entries, set())
    again = catalog.advance(0, sorted(chance.sample(entries, len(entries) // 2), key=lambda e: e.revision))
    assert (again.revision, list(again.ids())) == (catalog.revision, list(catalog.ids()))
    assert list(again.after(0)) == list(catalog.after(0))


def test_an_older_catalog_does_not_see_what_came_later() -> None:
    older = Catalog().advance(1, [entry("a", "1.0.0", 1)])
    newer = older.advance(2, [entry("a", "1.1.0", 2), entry("b", "1.0.0", 2)])
    assert [r.entry.version for r in older.after(0)] == ["1.0.0"]
    assert list(older.ids()) == ["a"]
    assert older.schema("a").latest.entry.version == "1.0.0"
    assert newer.schema("a").latest.entry.version == "1.1.0"


def test_ids_are_read_on_while_others_come() -> None:
    names = [f"s{number:03}" for number in range(0, 500, 2)]
    catalog = Catalog().advance(1, [entry(name, "1.0.0", 1) for name in names])
    reading = catalog.ids(after="s009")
    assert next(reading) == "s010"
    catalog.advance(2, [entry(f"s{number:03}", "1.0.0", 2) for number in range(1, 500, 2)])
    assert list(reading) == names[6:]


@pytest.mark.parametrize("name", ["1.0.0", "v1.0.0", "latest", ""])
def test_a_version_is_found_by_any_of_its_names(name: str) -> None:
    catalog = Catalog().advance(1, [entry("a", "1.0.0", 1)])
    assert catalog.schema("a").find(name).entry.version == "1.0.0"


def test_the_latest_is_the_highest_release_whatever_was_written_last() -> None:
    catalog = Catalog()
    for revision, version in enumerate(["1.0.0", "1.9.0", "1.10.0", "2.0.0-rc.1"], 1):
        catalog = catalog.advance(revision, [entry("a", version, revision)])
    schema = catalog.schema("a")
    assert [schema.find(text).version for text in ("latest", "1", "2", "~1.9")] == [
        "1.10.0",
        "1.10.0",
        "2.0.0-rc.1",
        "1.9.0",
    ]
    assert [each.version for each in schema.versions][-1] == "2.0.0-rc.1"


@given(histories(), st.sets(st.integers(1, 30)))
def test_versions_are_in_order_however_they_arrive(entries: list[Entry], cuts: set[int]) -> None:
    shuffled = [entry(e.id, f"{e.revision % 3}.{e.revision % 5}.{e.revision}", e.revision) for e in entries]
    for schema in batches(shuffled, cuts).schemas.values():
        assert list(schema.ordered) == sorted(schema.versions, key=precedence)
        assert schema.latest is schema.ordered[-1]


def test_a_line_without_a_version_names_near_ones() -> None:
    catalog = Catalog().advance(2, [entry("a", "1.0.0", 1), entry("a", "1.1.0", 2)])
    with pytest.raises(NotFound, match=r"a has no version \^2; its latest is 1\.1\.0"):
        catalog.schema("a").find("^2")


def test_an_unknown_id_brings_near_names() -> None:
    catalog = Catalog().advance(
        3, [entry(id, "1.0.0", n) for n, id in enumerate(("bars_v1", "ticks_v1", "ticks_v2"), 1)]
    )
    with pytest.raises(NotFound, match="Did you mean ticks_v1 or ticks_v2") as missing:
        catalog.schema("tick_v1")
    assert missing.value.metadata["near"] == "ticks_v1, ticks_v2"


def test_an_unknown_version_brings_near_ones() -> None:
    catalog = Catalog().advance(2, [entry("a", "1.0.0", 1), entry("a", "1.1.0", 2)])
    with pytest.raises(NotFound, match=r"its latest is 1\.1\.0") as missing:
        catalog.schema("a").find("v1.1.1")
    assert missing.value.metadata["near"].startswith("1.1.0")


@pytest.mark.parametrize("id", ["", "../etc/passwd", "a\0b", "Ticks", "tick\u0455", "a" * 129, "1a"])
def test_what_cannot_be_an_id_is_refused(id: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        Catalog().schema(id)
    assert refused.value.reason == "BAD_ID"


@pytest.mark.parametrize("version", ["1.", "1.x", "../1.0.0", "1.0.0\0", "１.0.0", "vv1.0.0", "1.0.0 "])
def test_what_cannot_be_a_version_is_refused(version: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        Catalog().advance(1, [entry("a", "1.0.0", 1)]).schema("a").find(version)
    assert refused.value.reason == "BAD_VERSION"


def test_an_etag_names_the_bytes() -> None:
    catalog = Catalog().advance(2, [entry("a", "1.0.0", 1, b"{}"), entry("b", "1.0.0", 2, b"{ }")])
    etags = {catalog.schema(id).latest.etag for id in "ab"}
    assert len(etags) == 2
    assert all(etag.startswith('"') and etag.endswith('"') for etag in etags)


async def test_a_reader_waits_until_its_revision_is_there() -> None:
    current = CurrentCatalog()
    waiting = asyncio.create_task(current.reached(2, seconds=5))
    await asyncio.sleep(0)
    current.advance(1, [entry("a", "1.0.0", 1)])
    await asyncio.sleep(0.01)
    assert not waiting.done()
    current.advance(2, [entry("a", "1.1.0", 2)])
    assert (await waiting).revision == 2


async def test_a_revision_that_does_not_come_is_said_in_time() -> None:
    with pytest.raises(DeadlineExceeded) as late:
        await CurrentCatalog().reached(7, seconds=0.02)
    assert late.value.metadata == {"revision": "0", "min_revision": "7"}
