"""The log of exchanges: one line of JSON for each token that was given and for each that was refused.

It has no token: neither the one that came nor the one that was given.
"""

import errno
import json
import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final, cast

from schemaregistry.errors import FailedPrecondition, Unavailable

MAX_FACT: Final = 1024
"""Characters of one fact; whoever sends a token that isn't good may write anything in it."""


class ExchangeLog:
    """Appends lines to a file, which others of the machine can't read, or to stdout where there is no file.

    Raises FailedPrecondition (LOG_UNUSABLE) where the file can't be opened. The file is opened anew for each line, so
    that it may be moved away (logrotate).
    """

    def __init__(self, path: Path | None, clock: Callable[[], float]) -> None:
        self._path, self._clock = path, clock
        self._cut_off = False  # whether the disk took only a part of the last line
        try:
            self._append(b"")
        except OSError as failed:
            raise FailedPrecondition(
                f"{path}: the log of exchanges can't be written ({failed.strerror}).", reason="LOG_UNUSABLE"
            ) from failed

    def write(self, event: str, facts: Mapping[str, object]) -> None:
        """Write a line and hand it to the operating system; empty facts are left out.

        Raises Unavailable (LOG_UNAVAILABLE) where it can't be written.
        """
        time = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds")
        line = {"time": time, "event": event, **{name: _short(fact) for name, fact in facts.items() if fact != ""}}
        try:
            self._append(json.dumps(line).encode() + b"\n")
        except OSError as failed:
            raise Unavailable(
                f"The log of exchanges can't be written ({failed.strerror}).", reason="LOG_UNAVAILABLE"
            ) from failed

    def _append(self, line: bytes) -> None:
        if self._path is None:
            out = cast("BinaryIO", sys.stdout.buffer)
            out.write(line)
            out.flush()
            return
        # One write to a file opened for appending: the lines of two processes don't mix.
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            whole = (b"\n" if self._cut_off else b"") + line
            self._cut_off = 0 < os.write(file, whole) < len(whole)
        finally:
            os.close(file)
        if self._cut_off:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _short(fact: object) -> object:
    return fact[:MAX_FACT] if isinstance(fact, str) else fact
