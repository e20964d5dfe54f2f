"""Attacks over real connections to a server as in production: what the attacker is told, and what others notice.

`make attacks` measures the others' p99, alone on a machine.
"""

import asyncio
from collections.abc import Iterator

import pytest

from bench.attacker import ATTACKS, BOMBS, WRITES
from bench.attacks import KEPT, effect, started
from devtools.servers import Server

SECONDS = {"slow heads over REST": 12}
"""How long an attack lasts, where it needs more than 3 seconds to be answered."""

TOLD = {
    "slow heads over REST": {"closed"},
    "rapid reset": {"stream reset: ENHANCE_YOUR_CALM"},
    "too large header fields": {"closed"},
    "pings": {"told to go away: ENHANCE_YOUR_CALM"},
    "10,000 watches": {"watching"},
    BOMBS: {"refused"},
    WRITES: {"RESOURCE_EXHAUSTED"},
}
"""What an attacker is told at least; the others wait in vain."""

SLOWEST = {"endless CONTINUATION": 20.0, "too large header fields": 20.0}
"""Seconds that 99 in 100 calls of others may take, where it isn't 5: gRPC itself has no defence against these."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with started() as running:
        yield running


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_answered_and_others_are_too(server: Server, name: str) -> None:
    seen = asyncio.run(effect(server, name, SECONDS.get(name, 3)))
    assert set(seen.told) >= TOLD.get(name, set()), seen.told
    assert not {"INTERNAL", "UNKNOWN", "OK"} & set(seen.told)
    assert seen.failed == 0
    assert seen.attacked < SLOWEST.get(name, 5.0)
    assert seen.after <= seen.before + KEPT
    assert server.process.poll() is None


def test_no_attack_leaves_a_traceback_in_the_log(server: Server) -> None:
    assert "Traceback" not in server.output()
