"""Refusals without end make few lines, and how many had none is told."""

import asyncio
import json

import pytest

from schemaregistry.errors import PermissionDenied, Unauthenticated
from schemaregistry_server.rpc.refusals import LINES, STRANGERS_LINES, Refusals, RefusedCall
from schemaregistry_server.security.identity import Identity
from schemaregistry_server.security.rights import Rights

NOBODY = Unauthenticated("Who?", reason="NO_IDENTITY")
WINDOW = 0.5


def told(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    return [json.loads(record.message) for record in caplog.records]


async def test_a_callers_lines_are_bounded_and_the_others_counted(caplog: pytest.LogCaptureFixture) -> None:
    refusals, denied = Refusals(window=WINDOW), PermissionDenied("No.", reason="NOT_A_PUBLISHER")
    mallory, alice = (Identity(f"spiffe://prod/{name}", Rights(), "mtls") for name in ("mallory", "alice"))
    for _ in range(LINES + 30):
        refusals.record(RefusedCall("RegisterSchema", mallory), denied)
    refusals.record(RefusedCall("RegisterSchema", alice), denied)
    lines = told(caplog)
    assert [line["who"] for line in lines] == [mallory.name] * LINES + [alice.name]
    await asyncio.sleep(2 * WINDOW)
    assert told(caplog)[len(lines) :] == [
        {"event": "refused", "who": mallory.name, "reason": "LINES_LEFT_OUT", "left_out": 30}
    ]
    refusals.record(RefusedCall("RegisterSchema", mallory), denied)
    assert told(caplog)[-1]["reason"] == "NOT_A_PUBLISHER"


async def test_strangers_are_bounded_by_their_host_and_together(caplog: pytest.LogCaptureFixture) -> None:
    refusals = Refusals(window=WINDOW)
    for port in range(LINES + 5):
        refusals.record(RefusedCall("GetSchema", peer=f"192.0.2.1:{port}"), NOBODY)
    assert len(told(caplog)) == LINES
    for host in range(2, 2 + STRANGERS_LINES):
        refusals.record(RefusedCall("GetSchema", peer=f"192.0.2.{host}:1"), NOBODY)
    lines = told(caplog)
    assert len(lines) == STRANGERS_LINES - 5
    await asyncio.sleep(2 * WINDOW)
    refused = LINES + 5 + STRANGERS_LINES
    assert sum(int(str(line["left_out"])) for line in told(caplog)[len(lines) :]) == refused - len(lines)
