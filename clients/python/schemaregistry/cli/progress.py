"""A progress bar on stderr for commands that take long, if stderr is a terminal."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_PATIENCE: Final = 0.7
"""Seconds before the bar appears, so that short work shows none."""


@contextmanager
def progress_bar(words: str, total: int) -> Iterator[Callable[[int], None] | None]:
    """Give the block a function to report how many bytes of `total` are done; None where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(words), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    # Transient: the bar is removed at the end, and only the report stays on the terminal.
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task(words, total=total)
    started = time.monotonic()

    def advance(done: int) -> None:
        if time.monotonic() - started > _PATIENCE:
            bar.start()
            bar.update(task, completed=done)

    try:
        yield advance
    finally:
        bar.stop()
