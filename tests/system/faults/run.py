"""Random faults under writers, readers and watchers, on each store: `make faults`, `python -m tests.system.faults.run`.

Holds the run from its first process to its report; exit code 1 where anything went wrong.
"""

import argparse
import asyncio
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from pathlib import Path

import uvloop

from scripts.find_go import ROOT
from tests.support.cables import NEW_NETWORK, why_not
from tests.system.faults import checker, judging
from tests.system.faults.clients import Clients
from tests.system.faults.clustered import Clustered, clustered
from tests.system.faults.embedded import Embedded, embedded
from tests.system.faults.history import recorded
from tests.system.faults.outages import Outage, at_work, judge_seconds, outages, seconds
from tests.system.faults.report import Report
from tests.system.faults.servers import with_parent

STORES = ("sqlite", "etcd")
END_SECONDS = 90.0
"""For the writes in flight to be answered and the watches to see them, at the end."""

EACH = {
    1: {"writers": 12, "contenders": 3, "readers": 4, "watchers": 2},
    3: {"writers": 4, "contenders": 1, "readers": 2, "watchers": 1},
}
"""How many clients each server has, where there is one server and where there are three."""


@dataclass(frozen=True, slots=True)
class Asked:
    """So many faults and acknowledged writes at least; `pause`: the mean seconds between two calls of a client.

    `only`: what the names of the faults must contain.
    """

    store: str
    faults: int
    writes: int
    seed: int
    pause: float
    only: str = ""
    cables: bool = False

    def done(self, faults: int, writes: int) -> bool:
        """Whether that is enough; four times the faults are, however slow the writes."""
        return faults >= self.faults and (writes >= self.writes or faults >= 4 * self.faults)


async def run(asked: Asked, directory: Path, out: Path) -> Report:
    """One store's run; its history stays in `out`."""
    chance, begun = random.Random(asked.seed), time.monotonic()
    path = out / f"{asked.store}.jsonl"
    async with world(asked, directory, chance) as made:
        with recorded(path) as history:
            clients = Clients(
                made.servers, history, random.Random(asked.seed), strict=asked.store == "sqlite", pause=asked.pause
            )
            ended = await breaking(made, clients, asked, chance)
        stored = await made.history()
    judging.judge_store(history, stored)
    shown = judging.judge_watches(history, stored, clients.watchers)
    by_kind = seconds(ended, history.acks)
    judge_seconds(history, by_kind)
    return Report(
        store=asked.store,
        seed=asked.seed,
        faults=len(ended),
        took=time.monotonic() - begun,
        acknowledged=len(history.acks),
        counts=history.counts,
        shown=shown,
        wrong=history.wrong,
        seconds=by_kind,
        checked=checker.check(path),
        notes=made.notes,
    )


async def breaking(made: Embedded | Clustered, clients: Clients, asked: Asked, chance: random.Random) -> list[Outage]:
    """Let the clients work, break things, and stop once there are enough faults and writes."""
    history, ended = clients.history, []
    async with asyncio.TaskGroup() as group:
        tasks = clients.begin(group, **EACH[len(made.servers)])
        if not await at_work(made.servers, history):
            raise TimeoutError("the servers did not begin to acknowledge writes")
        faults = {kind: fault for kind, fault in made.faults.items() if asked.only in kind}
        async with aclosing(outages(faults, made.servers, history, chance)) as broken:
            async for outage in broken:
                ended.append(outage)
                say(f"{asked.store}: fault {len(ended)}, {len(history.acks):,} writes: {outage.kind}")
                if asked.done(len(ended), len(history.acks)):
                    break
        clients.stop()
        _, pending = await asyncio.wait(tasks, timeout=END_SECONDS)
        for task in pending:
            history.found_wrong("unexpected", f"a client was not done {END_SECONDS:g} s after the end: {task}")
            task.cancel()
    return ended


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def world(
    asked: Asked, directory: Path, chance: random.Random
) -> AbstractAsyncContextManager[Embedded] | AbstractAsyncContextManager[Clustered]:
    if asked.store == "sqlite":
        return embedded(directory, chance)
    return clustered(directory, chance, cables=asked.cables)


def runs(asked: Asked) -> bool:
    """Run here and print the report; whether nothing was wrong."""
    out = ROOT / "build/faults"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="faults-") as directory:
        report = uvloop.run(run(asked, Path(directory), out))
        if not report.clean:
            shutil.copytree(directory, out / f"{asked.store}.data", dirs_exist_ok=True)
    print(report.text(), flush=True)
    return report.clean


def runs_on_cables(asked: Asked) -> bool:
    """The same in a program with a network of its own, which ends with this one."""
    command = [*with_parent("TERM"), *NEW_NETWORK, sys.executable, "-m", "tests.system.faults.run", "--cables"]
    for name in ("store", "faults", "writes", "seed", "pause", "only"):
        command += [f"--{name}", str(getattr(asked, name))]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=STORES, action="append", help="this one alone; both where it is not said")
    parser.add_argument("--faults", type=int, default=55, help="on each store, at least")
    parser.add_argument("--writes", type=int, default=20_000, help="acknowledged on each store, at least")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31), help="of the faults and their order")
    parser.add_argument("--pause", type=float, default=0.1, help="mean seconds between two calls of a client")
    parser.add_argument("--only", default="", help="faults whose name contains this: leader, server, database, …")
    parser.add_argument("--cables", action="store_true", help="this is a network namespace for the run alone")
    said = parser.parse_args(words)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    checker.build()
    clean = True
    for store in said.store or STORES:
        asked = Asked(store, said.faults, said.writes, said.seed, said.pause, said.only, said.cables)
        reason = "" if store == "sqlite" or said.cables else why_not()
        if reason:
            say(f"No cable will be cut: {reason}")
        elsewhere = reason is None
        clean &= runs_on_cables(asked) if elsewhere else runs(asked)
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
