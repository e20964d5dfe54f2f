"""Lists with filters: each document's fields and tags are read once, before the first call."""

import asyncio

import pytest

from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.catalog import about, feed, slices
from schemaregistry_server.catalog.current import CurrentCatalog
from schemaregistry_server.rpc.service import Registry
from schemaregistry_server.security.identity import Identity
from schemaregistry_server.security.rights import Rights
from schemaregistry_server.store.base import Entry

READER = Identity("reader", Rights(), "mtls")


@pytest.fixture
def current(document) -> CurrentCatalog:
    made = CurrentCatalog()
    made.advance(
        300,
        [
            Entry(f"s{n}_v1", "1.0.0", document(f"s{n}_v1", **{"x-tags": [f"t{n % 3}"]}), "sha256:", "ci", 1, n + 1)
            for n in range(300)
        ],
    )
    return made


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The documents that were read for a list."""
    made: list[bytes] = []
    read = about.read
    monkeypatch.setattr(about, "read", lambda raw: made.append(raw) or read(raw))
    return made


def listed(current: CurrentCatalog, **filters: str) -> pb.ListSchemasResponse:
    registry = Registry(None, current, judge=None, questions=None, progress_seconds=1, reads=None)  # type: ignore[arg-type]
    message = asyncio.run(registry.ListSchemas(pb.ListSchemasRequest(page_size=1000, **filters), READER)).message
    assert isinstance(message, pb.ListSchemasResponse)
    return message


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"field": "size"}, 300),
        ({"field": "none"}, 0),
        ({"tag": "t1"}, 100),
        ({"text": "TEST DATA S29"}, 11),
        ({"text": "s299_"}, 1),
    ],
)
def test_the_first_list_by_a_filter_reads_no_document(current, reads, filters: dict[str, str], count: int) -> None:
    asyncio.run(feed.describe(current.catalog))
    assert len(reads) == 300
    assert len(listed(current, **filters).schemas) == count
    assert len(reads) == 300


def test_a_version_that_came_since_is_read_alone(current, reads, document) -> None:
    asyncio.run(feed.describe(current.catalog))
    current.advance(301, [Entry("s0_v1", "1.1.0", document("s0_v1", "1.1.0"), "sha256:", "ci", 1, 301)])
    assert len(listed(current, tag="t0").schemas) == 99
    assert len(reads) == 301


def test_a_filter_looks_only_at_what_may_have_what_it_asks_for(current, document) -> None:
    rare = document("rare_v1", properties={"only_here": {"type": "string"}}, **{"x-tags": ["t1"]})
    current.advance(301, [Entry("rare_v1", "1.0.0", rare, "sha256:", "ci", 1, 301)])
    assert [each.id for each in listed(current, field="only_here", tag="t1").schemas] == ["rare_v1"]
    assert [each.id for each in current.catalog.filtered("", "only_here", "t1")] == ["rare_v1"]
    assert len(list(current.catalog.filtered("", "", "t1"))) == 101
    assert not list(current.catalog.filtered("", "only_here", "t9"))


def test_what_only_an_older_version_has_is_not_found(current, document) -> None:
    for version, tag, revision in [("1.0.0", "old", 301), ("1.1.0", "new", 302), ("1.2.0", "new", 303)]:
        raw = document("some_v1", version, **{"x-tags": [tag]})
        current.advance(revision, [Entry("some_v1", version, raw, "sha256:", "ci", 1, revision)])
        assert [each.id for each in listed(current, tag=tag).schemas] == ["some_v1"]
    assert not listed(current, tag="old").schemas


def test_pages_of_a_filter_go_on_where_the_last_one_ended(current, document) -> None:
    registry = Registry(None, current, judge=None, questions=None, progress_seconds=1, reads=None)  # type: ignore[arg-type]
    seen: list[str] = []
    request = pb.ListSchemasRequest(page_size=7, tag="t2")
    while True:
        answer = asyncio.run(registry.ListSchemas(request, READER)).message
        assert isinstance(answer, pb.ListSchemasResponse)
        seen += [each.id for each in answer.schemas]
        revision = current.catalog.revision + 1
        raw = document(f"a{revision}_v1", **{"x-tags": ["t2"]})
        current.advance(revision, [Entry(f"a{revision}_v1", "1.0.0", raw, "sha256:", "ci", 1, revision)])
        request.page_token = answer.next_page_token
        if not request.page_token:
            break
    assert seen == sorted(f"s{n}_v1" for n in range(2, 300, 3))


async def test_two_who_read_at_once_both_find_all(document, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large document is read on another thread; a second caller waits for it meanwhile."""
    current = CurrentCatalog()
    large = document("large_v1", description="x" * 20_000, **{"x-tags": ["t"]})
    current.advance(1, [Entry("large_v1", "1.0.0", large, "sha256:", "ci", 1, 1)])
    registry = Registry(None, current, judge=None, questions=None, progress_seconds=1, reads=None)  # type: ignore[arg-type]
    asked = [registry.ListSchemas(pb.ListSchemasRequest(tag="t"), READER) for _ in range(3)]
    for reply in await asyncio.gather(*asked):
        assert isinstance(reply.message, pb.ListSchemasResponse)
        assert len(reply.message.schemas) == 1


async def test_a_long_list_gives_others_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a clock that advances a millisecond each time it is read, other tasks run after every fifth item."""
    ticks = iter(range(10_000))
    monkeypatch.setattr(slices, "perf_counter", lambda: next(ticks) / 1000)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    running = asyncio.create_task(other())
    assert [each async for each in slices.sliced(range(1000))] == list(range(1000))
    running.cancel()
    assert turns >= 150
