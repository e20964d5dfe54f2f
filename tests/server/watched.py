"""`python -m tests.server.watched FILE serve …`: the command, with a watchdog on the server's event loop.

FILE gets a line for each time that the loop was held: when (time.monotonic), and for how many milliseconds of this
process's CPU time. Held by a callback or by a thread that keeps the interpreter's lock, it is the same to who waits;
time that the machine gave to other processes is not counted.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any, Final

from schemaregistry.cli import app
from schemaregistry_server import running

BEAT: Final = 0.001
WORTH_A_LINE: Final = 5.0


async def watch(lines: Path) -> None:
    """Note each late beat."""
    with lines.open("a", buffering=1, encoding="ascii") as out:
        while True:
            wall, used = time.monotonic(), time.process_time()
            await asyncio.sleep(BEAT)
            held = min(time.monotonic() - wall - BEAT, time.process_time() - used) * 1e3
            if held > WORTH_A_LINE:
                out.write(f"{time.monotonic()} {held:.1f}\n")


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
    running.run = watched(running.run, Path(sys.argv.pop(1)))
    app.main()
