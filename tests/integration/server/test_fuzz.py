"""Some thousand odd requests over gRPC and REST, the same each time; `make fuzz` sends a million new ones."""

import asyncio
import json

from bench.fuzz_requests import fuzz, started
from bench.request_inputs import inputs

COUNT = 3000


def test_odd_requests_are_answered_without_blame_or_harm() -> None:
    with started() as server:
        findings = asyncio.run(fuzz(server, inputs(1), COUNT, limit=10))
        log = server.log.read_bytes()
    assert findings.faults == []
    assert sum(findings.answers.values()) == COUNT
    assert b"Traceback" not in log
    # What a peer sends never makes a line of the log by itself.
    events = [line for line in log.decode().splitlines() if "refused" in line]
    assert all(json.loads(line.partition(": ")[2])["event"] == "refused" for line in events)
