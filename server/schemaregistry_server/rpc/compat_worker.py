"""Parse, compare, compile and validate records in worker processes, which are killed beyond their time or memory.

A comparison that was killed has the verdict `unknown`, never a guess. `compat_tasks.py` and `record_tasks.py` have the
tasks, `workers.py` the processes.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from time import monotonic
from typing import Final, TypeVar, TypeVarTuple

from schemaregistry.compat import undecided
from schemaregistry.document import Level, loads
from schemaregistry.document.strict_json import MAX_BYTES
from schemaregistry.errors import InvalidArgument, ResourceExhausted
from schemaregistry.tasks import Stopped, TaskRaised, Template
from schemaregistry_server.metrics.server_metrics import metrics
from schemaregistry_server.rpc import compat_tasks, record_tasks
from schemaregistry_server.rpc.fair_queue import Busy
from schemaregistry_server.rpc.reply import Prepared
from schemaregistry_server.rpc.verdict_cache import Candidate, RefusedWrite
from schemaregistry_server.rpc.verdicts import Rendered, render
from schemaregistry_server.rpc.workers import WAITING, Workers
from schemaregistry_server.store.base import Entry

BY_SIZE: Final = 2.0
"""Seconds added for each MiB of documents, for parsing them before and encoding their changes after the comparison."""
PATIENCE: Final = 2.0
"""How long a question waits for a free worker, as a multiple of the time that its answer may take."""
PARSING: Final = 2.0
"""Seconds for the checks of one document; the limits on documents keep them well below one second."""

RULES_BY_SIZE: Final = 40.0
"""Further seconds for records, for each MiB of the document, whose rules are compiled first."""

RECORD_MODULES: Final = (
    "schemaregistry_server.rpc.pyarrow_settings",
    "schemaregistry_server.rpc.record_validation",
    record_tasks.__name__,
)
"""Imported by the template of the workers for records, in this order.

With them comes pyarrow, which the server's own process doesn't load.
"""

RECORD_MEMORY: Final = 768 << 20
"""Bytes of address space that a worker for records may take; pyarrow's libraries alone map some 350 MiB."""

COMPILING: Final = 20.0
"""Seconds for a contract: one of 10,000 properties takes two or three, and is cached."""

log = logging.getLogger(__name__)

AnswerT = TypeVar("AnswerT")
ArgsT = TypeVarTuple("ArgsT")


def template() -> Template:
    """Start the process that a server forks all its workers from. Its `close` ends them too."""
    return Template((compat_tasks.__name__,))


class CompatWorkers:
    """The interface `verdict_cache.Compatibility`, answered by a few worker processes."""

    def __init__(self, template: Template, *, workers: int = 2, seconds: float = 1.0, waiting: int = WAITING) -> None:
        """Fork the `workers`; a comparison may take `seconds`, and `waiting` questions may wait at once."""
        self._seconds = seconds
        self._count, self._waiting = workers, waiting
        self._workers = self._of(template)
        self._record_template: Template | None = None

    async def read(self, raw: bytes, id: str, caller: str) -> Candidate:  # noqa: A002 (the field's term)
        """Parse and check a candidate.

        Raises as `document.parse` does, InvalidArgument (TOO_COSTLY) where it exceeds its time or memory, and
        ResourceExhausted (JUDGE_BUSY).
        """
        if len(raw) > MAX_BYTES:
            loads(raw)  # raises TooLarge before the bytes are sent to a worker
        try:
            return await self._run(caller, PARSING, compat_tasks.read, raw, id)
        except Stopped as stopped:
            message = f"Whether the document is sound can't be told: {stopped}. Make it smaller, or its patterns."
            raise InvalidArgument(message, reason="TOO_COSTLY") from None

    async def records(self, version: Entry, data: bytes, caller: str) -> Prepared:
        """Validate records by a registered version.

        Raises as `RecordJudge.validate` does, InvalidArgument (TOO_COSTLY) where it exceeds its time or memory,
        and ResourceExhausted (JUDGE_BUSY).
        """
        seconds = PARSING + RULES_BY_SIZE * len(version.raw) / (1 << 20)
        try:
            return await self._run(
                caller, seconds, record_tasks.validate, version.raw, version.id, data, workers=self._record_workers
            )
        except Stopped as stopped:
            message = f"Whether the records conform can't be told: {stopped}. Send fewer, or smaller ones."
            raise InvalidArgument(message, reason="TOO_COSTLY") from None

    async def contract(self, version: Entry, caller: str) -> Prepared:
        """Compile the contract of a registered version.

        Raises ResourceExhausted where that exceeds its time or memory (TOO_COSTLY) or no worker is free (JUDGE_BUSY).
        """
        try:
            return await self._run(caller, COMPILING, compat_tasks.compiled, version.raw, version.id)
        except Stopped as stopped:
            message = f"The contract of {version.id} {version.version} can't be made here: {stopped}."
            raise ResourceExhausted(message, reason="TOO_COSTLY") from None

    async def admit(self, versions: Sequence[Entry], new: Candidate, caller: str, taken: Collection[str] = ()) -> None:
        """Check that `new` may follow `versions`; a task that was killed counts as an unknown verdict.

        Raises RefusedWrite, and ResourceExhausted (JUDGE_BUSY).
        """
        began = monotonic()
        result = "compatible"
        try:
            await self._admit(versions, new, caller, taken)
        except RefusedWrite as refused:
            result = refused.verdict.outcome
            raise
        except Exception:
            result = "none"
            raise
        finally:
            metrics().verdict_seconds.labels(result).observe(monotonic() - began)

    async def _admit(self, versions: Sequence[Entry], new: Candidate, caller: str, taken: Collection[str]) -> None:
        history = [each.raw for each in versions]
        try:
            seconds = self._limit([*history, new.raw])
            args = (history, new.raw, new.id, self._seconds, taken)
            await self._run(caller, seconds, compat_tasks.check_admission, *args)
        except Stopped as stopped:
            given_up = (history, new.raw, new.id, str(stopped), taken)
            await self._run(caller, PARSING, compat_tasks.check_undecided, *given_up)

    async def verdict(
        self, versions: Sequence[Entry], new: Candidate | Entry, direction: Level | None, caller: str
    ) -> Rendered:
        """Compare `new` with `versions`, as `compat.check_history` does.

        The verdict is `unknown`, about the first of `versions`, where the task was killed or no worker was free.
        """
        began = monotonic()
        verdict = await self._verdict(versions, new, direction, caller)
        metrics().verdict_seconds.labels(verdict.outcome).observe(monotonic() - began)
        return verdict

    async def _verdict(
        self, versions: Sequence[Entry], new: Candidate | Entry, direction: Level | None, caller: str
    ) -> Rendered:
        history = [each.raw for each in versions]
        args = (history, new.raw, new.id, direction, self._seconds)
        try:
            return await self._ask(caller, self._limit([*history, new.raw]), compat_tasks.compare, *args)
        except Busy as busy:
            return _unknown(versions, new, direction, f"busy: {busy}")
        except Stopped as stopped:
            return _unknown(versions, new, direction, str(stopped))

    def warm(self) -> None:
        """Start the workers for records now, so that the first batch doesn't wait for their imports."""
        _ = self._record_workers

    def close(self) -> None:
        """End the workers; questions in progress get no answer."""
        self._workers.close()
        if self._record_template is not None:
            self._record_workers.close()
            self._record_template.close()

    def _of(self, template: Template) -> Workers:
        return Workers(self._count, template, waiting=self._waiting, patience=self._seconds * PATIENCE)

    @cached_property
    def _record_workers(self) -> Workers:
        """The workers for records, started by `warm` or the first batch: not all servers can spare their memory."""
        self._record_template = Template(RECORD_MODULES, memory=RECORD_MEMORY)
        return self._of(self._record_template)

    def _limit(self, documents: Sequence[bytes]) -> float:
        return self._seconds + BY_SIZE * sum(map(len, documents)) / (1 << 20)

    async def _run(
        self,
        caller: str,
        seconds: float,
        task: Callable[[*ArgsT], AnswerT],
        *args: *ArgsT,
        workers: Workers | None = None,
    ) -> AnswerT:
        try:
            return await self._ask(caller, seconds, task, *args, workers=workers)
        except Busy as busy:
            raise ResourceExhausted(f"The judge is busy: {busy}.", reason="JUDGE_BUSY") from None

    async def _ask(
        self,
        caller: str,
        seconds: float,
        task: Callable[[*ArgsT], AnswerT],
        *args: *ArgsT,
        workers: Workers | None = None,
    ) -> AnswerT:
        """Run a task; an exception other than RegistryError is a fault of this program, and is logged."""
        try:
            return await (workers or self._workers).run(caller, seconds, task, *args)
        except TaskRaised as failed:
            log.error("a task of the judge failed: %s\n%s", failed, failed.details)
            raise


def _unknown(versions: Sequence[Entry], new: Candidate | Entry, direction: Level | None, reason: str) -> Rendered:
    stated = new.compatibility if isinstance(new, Candidate) else None
    return render(undecided(versions[0], new, direction or stated, reason))
