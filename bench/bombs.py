"""`python -m bench.bombs`: measure small schemas that are costly to compare, and how they delay other callers' reads.

Each pair of `tests/support/bombs.py` is compared by `schemaregistry compat`. Then a caller sends such pairs to a
server, four at a time without pause, while another caller reads: the read times are printed beside those of an idle
server.
"""

import itertools
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
from google.api.httpbody_pb2 import HttpBody

from devtools.servers import Server, launch_dev, register
from schemaregistry.v1 import registry_pb2 as pb
from tests.support.bombs import COMPATIBLE, ENDLESS, INCOMPATIBLE, UNKNOWN

SECONDS = 20.0
"""Seconds for which reads are timed."""
WIDE = 5000
"""Properties that all change in the largest answer."""


def main() -> None:
    """Measure and print."""
    command_line()
    with tempfile.TemporaryDirectory() as directory:
        server = launch_dev(Path(directory), "--grpc", "localhost:0", "--rest", "127.0.0.1:0").wait()
        try:
            reads(server)
        finally:
            server.stop()


def command_line() -> None:
    """Compare each pair in turn, in one process of `schemaregistry compat`."""
    asked = [sys.executable, "-m", "schemaregistry", "compat"]
    with subprocess.Popen(asked, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        ask(process, True, True)
        print(f"{'pair':52} {'verdict':14} seconds")
        for name, (old, new) in itertools.chain(
            *(named.items() for named in (COMPATIBLE, INCOMPATIBLE, UNKNOWN, ENDLESS))
        ):
            began = time.perf_counter()
            verdict = ask(process, old, new)["verdict"]
            print(f"{name:52} {verdict:14} {time.perf_counter() - began:7.3f}")


def ask(process: "subprocess.Popen[bytes]", old: Any, new: Any) -> dict[str, Any]:
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps({"id": 0, "old": old, "new": new}).encode() + b"\n")
    process.stdin.flush()
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    return answer


def reads(server: Server) -> None:
    """Time GetSchema, a list and a short verdict, on the idle server and while it compares bombs."""
    bot = server.stub("ci-bot")
    register(bot, "wide_v1", wide("1.0.0", "integer"))
    register(bot, "bomb_v1", document("bomb_v1", "1.0.0", next(bombs())))
    register(bot, "small_v1", document("small_v1", "1.0.0", {"properties": {"a": {"enum": [1, 2]}}}))
    print(f"\n{'read':50} {'p50 ms':>8} {'p99 ms':>8} {'longest':>8}")
    timed(server, "idle")
    stop = threading.Event()
    attackers = [threading.Thread(target=attack, args=(server, stop)) for _ in range(4)]
    for attacker in attackers:
        attacker.start()
    timed(server, "while bombs run")
    stop.set()
    for attacker in attackers:
        attacker.join()


def bombs() -> Iterator[dict[str, Any]]:
    """Yield the larger schema of each pair, over and over."""
    pairs = (INCOMPATIBLE | ENDLESS).values()
    return itertools.cycle(
        new if isinstance(new, dict) and len(str(new)) > len(str(old)) else old for old, new in pairs
    )


def attack(server: Server, stop: threading.Event) -> None:
    """Ask for verdicts on bombs and for a large answer in turn, until `stop` is set."""
    stub, asked = server.stub(), bombs()
    while not stop.is_set():
        for name, body in (
            ("bomb_v1", document("bomb_v1", "2.0.0", next(asked))),
            ("wide_v1", wide("2.0.0", "string")),
        ):
            request = pb.CheckCompatibilityRequest(id=name, document=HttpBody(data=body))
            try:
                stub.CheckCompatibility(request, timeout=30)
            except Exception as refused:  # noqa: BLE001 (a refused bomb has cost its time too)
                del refused


def timed(server: Server, when: str) -> None:
    stub = server.stub("ci-bot")
    small = document("small_v1", "1.1.0", {"properties": {"a": {"enum": [1, 2, 3]}}})
    client = httpx.Client(base_url=server.rest, timeout=60)
    calls: dict[str, Callable[[], object]] = {
        "GetSchema": lambda: stub.GetSchema(pb.GetSchemaRequest(id="small_v1"), timeout=60),
        "ListSchemas": lambda: stub.ListSchemas(pb.ListSchemasRequest(), timeout=60),
        "GET /schema/small_v1": lambda: client.get("/schema/small_v1"),
        "CheckCompatibility, a small one": lambda: stub.CheckCompatibility(
            pb.CheckCompatibilityRequest(id="small_v1", document=HttpBody(data=small)), timeout=60
        ),
    }
    for name, call in calls.items():
        taken, ends = [], time.perf_counter() + SECONDS / len(calls)
        while (began := time.perf_counter()) < ends:
            call()
            taken.append((time.perf_counter() - began) * 1e3)
            time.sleep(0.002)
        taken.sort()
        middle, late = taken[len(taken) // 2], taken[len(taken) * 99 // 100]
        print(f"{name + ', ' + when:50} {middle:8.1f} {late:8.1f} {taken[-1]:8.1f}")


def wide(version: str, kind: str) -> bytes:
    return document("wide_v1", version, {"properties": {f"column_{n}": {"type": kind} for n in range(WIDE)}})


def document(name: str, version: str, schema: dict[str, Any]) -> bytes:
    return json.dumps({"$id": name, "version": version, **schema, "type": "object"}).encode()


if __name__ == "__main__":
    main()
