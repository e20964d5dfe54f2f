"""Record events in an audit log's file from a thread of its own, so that neither a slow nor a full disk stops calls."""

import hashlib
import json
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from schemaregistry.errors import Unavailable
from schemaregistry_server.audit_log.log_file import LogFile, Members
from schemaregistry_server.writer_groups import groups

GROUP: Final = 256
"""Events that are appended at once: they share one sync of the disk."""

WAITING: Final = 20_000
"""Events that may wait for the disk, some 20 MB; what comes beyond is counted as lost."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Event:
    """An event to record; `done` gets its outcome. `only_new`: it is left out where the last of its kind is equal."""

    members: Members
    done: "Future[None]"
    only_new: bool = False


class AuditLog:
    """The audit log of one process. Events are on the disk, in the order of their calls, when their future is done.

    Where the disk takes no more, events are lost, and counted: the next one that can be written follows a `gap` with
    their number and the time of the first.
    """

    def __init__(self, path: Path, program: str, clock: Callable[[], float] = time.time) -> None:
        """Open the file; `program` names this process's kind in each line. Raises FailedPrecondition as `LogFile`."""
        self._file = LogFile(path)
        self._path, self._program, self._clock = path, program, clock
        self._events: queue.Queue[_Event | None] = queue.Queue()
        self._lost, self._lost_since = 0, ""
        self._losing = threading.Lock()
        self._closed = False
        # A daemon, so that a process that ends without `close` isn't held up by its disk.
        self._writer = threading.Thread(target=self._write_all, name="audit-log", daemon=True)
        self._writer.start()

    def record(self, event: str, facts: Mapping[str, object]) -> "Future[None]":
        """Record an event; facts that are "" are left out.

        The future is done once the line is on the disk, or fails with Unavailable (AUDIT_LOG_UNAVAILABLE).
        """
        return self._queue(_Event(self._members(event, facts), Future()))

    def record_new(self, event: str, facts: Mapping[str, object]) -> "Future[None]":
        """Record a state of affairs, unless it is the one that the last such event of this program in the file has."""
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=list).encode()).hexdigest()
        return self._queue(_Event(self._members(event, {"digest": digest, **facts}), Future(), only_new=True))

    def close(self) -> None:
        """Write the events that wait, then close the file."""
        if not self._closed:
            self._closed = True
            self._events.put(None)
            self._writer.join()
            self._file.close()

    def _members(self, event: str, facts: Mapping[str, object]) -> Members:
        at = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds")
        known = {name: value for name, value in facts.items() if value != ""}
        return {"time": at, "event": event, "program": self._program, "pid": os.getpid(), **known}

    def _queue(self, event: _Event) -> "Future[None]":
        if self._closed or self._events.qsize() >= WAITING:
            self._lose([event], "too many events wait for the disk")
        else:
            self._events.put(event)
        return event.done

    def _write_all(self) -> None:
        for group in groups(self._events, GROUP):
            self._write(group)

    def _write(self, group: Sequence[_Event]) -> None:
        with self._losing:
            lost, since = self._lost, self._lost_since
        try:
            self._file.append(lambda: self._lines(group, lost, since))
        except OSError as failed:
            self._lose(group, failed.strerror or str(failed))
            return
        if lost:
            with self._losing:
                self._lost -= lost
            log.warning("%s: the audit log is written again; %d events were lost", self._path, lost)
        for event in group:
            event.done.set_result(None)

    def _lines(self, group: Sequence[_Event], lost: int, since: str) -> list[Members]:
        """The members of the lines to write, once the file is locked."""
        lines: list[Members] = []
        if cut := self._file.cut:
            lines.append(self._members("cut", {"bytes": len(cut), "sha256": hashlib.sha256(cut).hexdigest()}))
        if lost:
            lines.append(self._members("gap", {"lost": lost, "since": since}))
        return lines + [event.members for event in group if not event.only_new or self._is_new(event.members)]

    def _is_new(self, members: Members) -> bool:
        last = self._file.last(str(members["event"]), self._program)
        return last is None or last.members.get("digest") != members["digest"]

    def _lose(self, events: Sequence[_Event], why: str) -> None:
        with self._losing:
            first = not self._lost
            if first:
                self._lost_since = str(events[0].members["time"])
            self._lost += len(events)
        if first:
            log.error("%s: the audit log can't be written (%s): events are lost, and counted", self._path, why)
        failed = Unavailable(f"The audit log can't be written ({why}).", reason="AUDIT_LOG_UNAVAILABLE")
        for event in events:
            event.done.set_exception(failed)
