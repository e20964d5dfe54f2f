"""`schemaregistry.compat` in worker processes: what runs over its time or memory is killed with its process.

Holds no judgement. What a killed task would have said is unknown: an honest verdict, never a guess.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Final, TypeVar, TypeVarTuple

from schemaregistry.compat import undecided
from schemaregistry.document import Level, loads
from schemaregistry.document.strict_json import MAX_BYTES
from schemaregistry.errors import InvalidArgument, ResourceExhausted
from schemaregistry.tasks import Stopped, TaskRaised, Template
from schemaregistry_server.rpc import compat_tasks
from schemaregistry_server.rpc.fair_queue import Busy
from schemaregistry_server.rpc.reply import Prepared
from schemaregistry_server.rpc.verdict_cache import Candidate
from schemaregistry_server.rpc.verdicts import Rendered, render
from schemaregistry_server.rpc.workers import WAITING, Workers
from schemaregistry_server.store.base import Entry

BY_SIZE: Final = 2.0
"""Further seconds for each MiB of documents, which are parsed first, and whose changes are written out in the end."""
PATIENCE: Final = 2.0
"""Seconds that a question waits for a worker, for each second that an answer may take."""
PARSING: Final = 2.0
"""Seconds for the checks of one document: its limits keep them well below one."""

COMPILING: Final = 20.0
"""Seconds for a contract: one of 10,000 properties takes two or three, and is kept."""

log = logging.getLogger(__name__)

AnswerT = TypeVar("AnswerT")
ArgsT = TypeVarTuple("ArgsT")


def template() -> Template:
    """The process that judges' workers are forked from: one for all judges of a server. Its `close` ends them."""
    return Template((compat_tasks.__name__,))


class CompatWorkers:
    """A few workers, started at once."""

    def __init__(self, template: Template, *, workers: int = 2, seconds: float = 1.0, waiting: int = WAITING) -> None:
        self._seconds = seconds
        self._workers = Workers(workers, template, waiting=waiting, patience=seconds * PATIENCE)

    async def read(self, raw: bytes, id: str, caller: str) -> Candidate:  # noqa: A002 (the field's term)
        """As `document.parse`; raises InvalidArgument (TOO_COSTLY) where that runs over its time or memory too."""
        if len(raw) > MAX_BYTES:
            loads(raw)  # which refuses it by its size
        try:
            return await self._run(caller, PARSING, compat_tasks.read, raw, id)
        except Stopped as stopped:
            message = f"Whether the document is sound can't be told: {stopped}. Make it smaller, or its patterns."
            raise InvalidArgument(message, reason="TOO_COSTLY") from None

    async def records(self, version: Entry, data: bytes, caller: str) -> Prepared:
        """As `records.validate`; raises InvalidArgument (TOO_COSTLY) where that runs over its time or memory too."""
        try:
            return await self._run(caller, PARSING, compat_tasks.validate, version.raw, version.id, data)
        except Stopped as stopped:
            message = f"Whether the records conform can't be told: {stopped}. Send fewer, or smaller ones."
            raise InvalidArgument(message, reason="TOO_COSTLY") from None

    async def contract(self, version: Entry, caller: str) -> Prepared:
        """As `contract.compile_contract`; raises ResourceExhausted where that runs over its time or memory too."""
        try:
            return await self._run(caller, COMPILING, compat_tasks.compiled, version.raw, version.id)
        except Stopped as stopped:
            message = f"The contract of {version.id} {version.version} can't be made here: {stopped}."
            raise ResourceExhausted(message, reason="TOO_COSTLY") from None

    async def admit(self, versions: Sequence[Entry], new: Candidate, caller: str) -> None:
        """As `compat.admit`; where that was stopped, by the rules for an unknown verdict. Raises RefusedWrite."""
        history = [each.raw for each in versions]
        try:
            seconds = self._limit([*history, new.raw])
            await self._run(caller, seconds, compat_tasks.write, history, new.raw, new.id, self._seconds)
        except Stopped as stopped:
            await self._run(caller, PARSING, compat_tasks.refuse, history, new.raw, new.id, str(stopped))

    async def verdict(
        self, versions: Sequence[Entry], new: Candidate | Entry, direction: Level | None, caller: str
    ) -> Rendered:
        """As `compat.check_history`; unknown (on the first version) where stopped, or no worker was free in time."""
        history = [each.raw for each in versions]
        args = (history, new.raw, new.id, direction, self._seconds)
        try:
            return await self._ask(caller, self._limit([*history, new.raw]), compat_tasks.weigh, *args)
        except Busy as busy:
            return _unknown(versions, new, direction, f"busy: {busy}")
        except Stopped as stopped:
            return _unknown(versions, new, direction, str(stopped))

    def close(self) -> None:
        """End the workers; what is still asked of them is answered no more."""
        self._workers.close()

    def _limit(self, documents: Sequence[bytes]) -> float:
        return self._seconds + BY_SIZE * sum(map(len, documents)) / (1 << 20)

    async def _run(self, caller: str, seconds: float, task: Callable[[*ArgsT], AnswerT], *args: *ArgsT) -> AnswerT:
        try:
            return await self._ask(caller, seconds, task, *args)
        except Busy as busy:
            raise ResourceExhausted(f"The judge is busy: {busy}.", reason="JUDGE_BUSY") from None

    async def _ask(self, caller: str, seconds: float, task: Callable[[*ArgsT], AnswerT], *args: *ArgsT) -> AnswerT:
        """Run a task; one that raises an error of its own is a fault of ours, which the log keeps."""
        try:
            return await self._workers.run(caller, seconds, task, *args)
        except TaskRaised as failed:
            log.error("a task of the judge failed: %s\n%s", failed, failed.details)
            raise


def _unknown(versions: Sequence[Entry], new: Candidate | Entry, direction: Level | None, reason: str) -> Rendered:
    stated = new.compatibility if isinstance(new, Candidate) else None
    return render(undecided(versions[0], new, direction or stated, reason))
