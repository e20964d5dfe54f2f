"""Lists by a filter: what each schema says of itself is read once, before anyone asks."""

import asyncio

import pytest

from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server import about, feed, slices
from schemaregistry_server.current import CurrentCatalog
from schemaregistry_server.identity import Identity
from schemaregistry_server.service import Registry
from schemaregistry_server.store.base import Entry

READER = Identity("reader", False, "mtls")


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
    registry = Registry(None, current, judge=None, questions=None, progress_seconds=1)  # type: ignore[arg-type]
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


async def test_a_long_list_gives_others_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a clock that moves a millisecond at each look, others come after every fifth item."""
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
