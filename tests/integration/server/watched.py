"""`python -m tests.integration.server.watched FILE serve …`: the command, with a watchdog on the server's event loop.

FILE gets a line for each time that the loop was held: when (time.monotonic), and for how many milliseconds of CPU time,
of its own thread and of the whole process: a thread may keep the interpreter's lock from the loop, which is the same to
who waits. Time that the machine gave to other processes is in neither.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any, Final

from schemaregistry.cli import app
from schemaregistry_server.runtime import lifecycle

BEAT: Final = 0.001
WORTH_A_LINE: Final = 5.0


async def watch(lines: Path) -> None:
    """Write a line for each time that the loop was blocked."""
    with lines.open("a", buffering=1, encoding="ascii") as out:
        while True:
            wall, own, all_ = time.monotonic(), time.thread_time(), time.process_time()
            await asyncio.sleep(BEAT)
            late = time.monotonic() - wall - BEAT
            held = [min(late, used) * 1e3 for used in (time.thread_time() - own, time.process_time() - all_)]
            if held[1] > WORTH_A_LINE:
                out.write(f"{time.monotonic()} {held[0]:.1f} {held[1]:.1f}\n")


def watched(run: Any, lines: Path) -> Any:
    """`running.run` beside the watchdog."""

    async def both(*args: Any) -> None:
        watching = asyncio.create_task(watch(lines))
        try:
            await run(*args)
        finally:
            watching.cancel()

    return both


if __name__ == "__main__":
    lifecycle.run = watched(lifecycle.run, Path(sys.argv.pop(1)))
    app.main()
