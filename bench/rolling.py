"""Restart three servers on one etcd cluster one after the other under load: `python -m bench.rolling`.

The clients have the library's channel options and retries, and one target that names all three servers. The result is
the number of calls that fail.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections import Counter
from pathlib import Path

from devtools.etcd_tls import secured, settings
from devtools.load_generator import Load, loaded
from devtools.servers import Server, launch


def document(name: str) -> bytes:
    value = {"$id": name, "$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "version": "1.0.0"}
    return json.dumps(value).encode()


def roll(servers: list[Server], config: dict[str, object], directory: Path, load: Load, round_: int) -> None:
    """Stop each server by SIGTERM and start it again at its address; print how many calls failed meanwhile."""
    for place, server in enumerate(servers):
        calls, failed, began = load.calls, len(load.failed), time.monotonic()
        code = server.stop()
        stopped = time.monotonic() - began
        servers[place] = launch(directory, config | {"grpc": server.target}).wait()
        print(
            f"| {round_}, server {place + 1} | {stopped:.1f} | {time.monotonic() - began:.1f} | {load.calls - calls:,} "
            f"| {len(load.failed) - failed} |"
        )
        assert code == 0, server.output()


async def main(asked: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-rolling-") as name:
        directory = Path(name)
        async with secured(directory) as cluster:
            config = settings(cluster, directory) | {"workers": asked.workers}
            servers = [launch(directory, config).wait() for _ in range(3)]
            print(f"{asked.readers} readers, {asked.writers} writers; {asked.workers} workers a server\n")
            print("| round | s to end | s until it serves again | calls | failed |\n| --- | --- | --- | --- | --- |")
            with loaded(servers, "rolled", document, readers=asked.readers, writers=asked.writers) as load:
                for number in range(1, asked.rounds + 1):
                    await asyncio.to_thread(roll, servers, config, directory, load, number)
            for server in servers:
                server.stop()
    print(
        f"\n{load.calls:,} calls, {len(load.written):,} of them writes; {len(load.failed)} failed, "
        f"{load.delayed} were told to come again"
    )
    for what, count in Counter(f"{error.code()}: {error.details()}" for error in load.failed).items():
        print(f"{count} × {what}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, default in (("readers", 8), ("writers", 4), ("workers", 1), ("rounds", 3)):
        parser.add_argument(f"--{option}", type=int, default=default)
    asyncio.run(main(parser.parse_args()))
