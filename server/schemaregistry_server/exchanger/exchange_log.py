"""The log of exchanges: lines of JSON about the tokens that were given, and about those that were refused.

It has no token: neither the one that came nor the one that was given. In a file it is an audit log (`audit_log/`),
whose lines are chained; on stdout its lines are plain.
"""

import asyncio
import itertools
import json
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from schemaregistry.errors import FailedPrecondition, Unavailable
from schemaregistry_server.audit_log.audit_log import AuditLog

MAX_FACT: Final = 1024
"""Characters of one fact; whoever sends a token that isn't good may write anything in it."""


class ExchangeLog:
    """Writes lines to a file, which others of the machine can't read, or to stdout where there is no file.

    Raises FailedPrecondition as `AuditLog`, and LOG_UNUSABLE where stdout can't be written.
    """

    def __init__(self, path: Path | None, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._file = AuditLog(path, "exchanger", clock) if path else None
        try:
            self._print("")
        except OSError as failed:
            raise FailedPrecondition(f"stdout can't be written ({failed.strerror}).", reason="LOG_UNUSABLE") from failed

    async def write(self, event: str, facts: Mapping[str, object]) -> None:
        """Write a line, in a file down to the disk; empty facts are left out.

        Raises Unavailable (LOG_UNAVAILABLE) where it can't be written.
        """
        try:
            if self._file:
                await asyncio.wrap_future(self._file.record(event, facts))
            else:
                time = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds")
                known = {name: _short(fact) for name, fact in facts.items() if fact != ""}
                self._print(json.dumps({"time": time, "event": event, **known}) + "\n")
        except (OSError, Unavailable) as failed:
            why = failed.message if isinstance(failed, Unavailable) else failed.strerror
            raise Unavailable(f"The log of exchanges can't be written ({why}).", reason="LOG_UNAVAILABLE") from failed

    def rights(self, facts: Mapping[str, object]) -> None:
        """Record who gets which tokens from now on, unless the file's last such line says the same."""
        if self._file:
            self._file.record_new("rights", facts)

    def record_handshake(self, peer: str, why: str, left_out: int) -> None:
        """Record a TLS handshake that failed, in a file."""
        if self._file:
            self._file.record("handshake", {"peer": peer, "reason": why, "left_out": left_out or ""})

    async def close(self) -> None:
        """Finish the lines that wait for the disk."""
        if self._file:
            await asyncio.to_thread(self._file.close)

    def _print(self, line: str) -> None:
        if not self._file:
            sys.stdout.buffer.write(line.encode())
            sys.stdout.buffer.flush()


def beginning(text: str, most: int) -> str:
    """The beginning of a text that has at most `most` bytes in a line, where characters beyond ASCII are escaped."""
    sizes = itertools.accumulate(len(json.dumps(each)) - len('""') for each in text[:most])
    return text[: sum(size <= most for size in sizes)]


def _short(fact: object) -> object:
    return fact[:MAX_FACT] if isinstance(fact, str) else fact
