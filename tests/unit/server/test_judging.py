"""The verdict cache: concurrent questions are asked once, final verdicts are cached, and the cache is bounded."""

import asyncio

import pytest

from schemaregistry.errors import InvalidArgument
from schemaregistry_server.catalog.catalog_version import CatalogVersion
from schemaregistry_server.rpc import verdict_cache
from schemaregistry_server.rpc.verdict_cache import VerdictCache, read_direction
from schemaregistry_server.rpc.verdicts import Rendered
from schemaregistry_server.store.base import Entry


class Slow:
    """A judge that answers only once the test allows it."""

    def __init__(self) -> None:
        self.asked = 0
        self.let = asyncio.Event()
        self.fails = False
        self.outcome = "compatible"
        self.size = 100

    async def verdict(self, versions, new, direction, caller):
        self.asked += 1
        await self.let.wait()
        if self.fails:
            raise RuntimeError("worker lost")
        text = f"{versions[0].version} {new.version} {direction}"
        return Rendered(b"x" * self.size, b"", text, self.outcome, b"")


@pytest.fixture
def pairs(document) -> list[tuple[CatalogVersion, CatalogVersion]]:
    def registered(name: str, version: str) -> CatalogVersion:
        return CatalogVersion(Entry(name, version, document(name, version), "sha256:0", "x", 1, 1))

    return [(registered(f"a{n}", "1.0.0"), registered(f"a{n}", "1.1.0")) for n in range(5)]


async def test_a_pair_that_many_ask_for_is_judged_once(pairs) -> None:
    judge = Slow()
    questions = VerdictCache(judge)
    asking = [asyncio.create_task(questions.pair(*pairs[0], "full", "me")) for _ in range(20)]
    await asyncio.sleep(0)
    judge.let.set()
    assert [answer.text for answer in await asyncio.gather(*asking)] == ["1.0.0 1.1.0 full"] * 20
    await questions.pair(*pairs[0], "full", "me")
    await questions.pair(*pairs[0], "backward", "me")
    assert judge.asked == 2


async def test_a_caller_that_leaves_does_not_take_the_verdict_with_it(pairs) -> None:
    judge = Slow()
    questions = VerdictCache(judge)
    leaving = asyncio.create_task(questions.pair(*pairs[0], None, "me"))
    await asyncio.sleep(0)
    leaving.cancel()
    judge.let.set()
    await questions.pair(*pairs[0], None, "me")
    assert judge.asked == 1


async def test_what_failed_is_asked_again(pairs) -> None:
    judge = Slow()
    judge.let.set()
    judge.fails = True
    questions = VerdictCache(judge)
    with pytest.raises(RuntimeError):
        await questions.pair(*pairs[0], None, "me")
    judge.fails = False
    assert await questions.pair(*pairs[0], None, "me")


@pytest.mark.parametrize(("outcome", "size"), [("unknown", 100), ("incompatible", verdict_cache.SHORT + 1)])
async def test_what_may_change_or_is_long_is_not_remembered(pairs, outcome: str, size: int) -> None:
    judge = Slow()
    judge.let.set()
    judge.outcome, judge.size = outcome, size
    questions = VerdictCache(judge)
    for _ in range(3):
        await questions.pair(*pairs[0], None, "me")
        await asyncio.sleep(0)
    assert judge.asked == 3


async def test_the_oldest_verdicts_are_forgotten(pairs, monkeypatch) -> None:
    monkeypatch.setattr(verdict_cache, "REMEMBERED", 2)
    judge = Slow()
    judge.let.set()
    questions = VerdictCache(judge)
    for pair in (*pairs[:3], pairs[2], pairs[0]):
        await questions.pair(*pair, None, "me")
    assert judge.asked == 4


def test_directions_are_read_and_others_refused() -> None:
    assert read_direction("", transitive=True) is None
    assert read_direction("full_transitive", transitive=True) == "full_transitive"
    for text, transitive in (("full_transitive", False), ("Full", True), ("full\0", True)):
        with pytest.raises(InvalidArgument):
            read_direction(text, transitive=transitive)
