"""Attacks over real connections to a server as in production: what the attacker is told, and what others notice.

`make attacks` measures the others' p99, alone on a machine.
"""

import asyncio
from collections.abc import Iterator

import pytest

from bench.attacker import ATTACKS, TOLD
from bench.attacks import KEPT, effect, started
from devtools.servers import Server

SLOWEST = {"endless CONTINUATION": 20.0, "too large header fields": 20.0}
"""Seconds that 99 in 100 calls of others may take, where it isn't 5: gRPC itself has no defence against these."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with started() as running:
        yield running


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_answered_and_others_are_too(server: Server, name: str) -> None:
    seen = asyncio.run(effect(server, name, seconds=3))
    assert name not in TOLD or TOLD[name] in seen.told, seen.told
    assert not {"INTERNAL", "UNKNOWN", "OK"} & set(seen.told)
    assert seen.failed == 0
    assert seen.attacked < SLOWEST.get(name, 5.0)
    assert seen.after <= seen.before + KEPT
    assert server.process.poll() is None


def test_no_attack_leaves_a_traceback_in_the_log(server: Server) -> None:
    assert "Traceback" not in server.output()
