"""The watch as server-sent events."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx

TICKS = Path(__file__).parents[3] / "schemas/ticks_v1.json"


def events(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, object]]]:
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def test_a_snapshot_then_each_change_then_resume_by_last_event_id(running) -> None:
    with httpx.stream("GET", f"{running.rest}/schemas:watch", timeout=20) as watch:
        assert watch.headers["content-type"].startswith("text/event-stream")
        stream = events(watch.iter_lines())
        seen = []
        for name, event in stream:
            if name == "progress":
                break
            assert name in {"snapshot", "state_change"}
            seen.append(int(event["revision"]))
        assert seen == sorted(set(seen))
        body = TICKS.read_bytes().replace(b'"ticks_v1"', b'"sse_ticks_v1"')
        assert httpx.post(f"{running.rest}/schema/sse_ticks_v1", content=body).status_code == 201
        change = next(event for name, event in stream if name == "change")
        assert change["change"]["id"] == "sse_ticks_v1"
    headers = {"Last-Event-ID": str(seen[-1])}
    with httpx.stream("GET", f"{running.rest}/schemas:watch", headers=headers, timeout=20) as watch:
        name, event = next(events(watch.iter_lines()))
        assert (name, int(event["revision"])) == ("snapshot", int(change["revision"]))


def test_a_revision_that_the_store_has_not_reached_is_refused(running) -> None:
    answer = httpx.get(f"{running.rest}/schemas:watch?after_revision=999999999", timeout=20)
    assert (answer.status_code, answer.json()["code"]) == (400, "OUT_OF_RANGE")
