"""Verify files of audit logs in their order: each goes on with the chain of the one before, or begins a chain."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from schemaregistry.errors import FailedPrecondition, RegistryError
from schemaregistry_server.audit_log import log_check
from schemaregistry_server.audit_log.event_lines import ChainEnd
from schemaregistry_server.audit_log.log_check import NOTHING, CheckedLog, LogLine


@dataclass(frozen=True, slots=True)
class LogChain:
    """A chain over one file or several: the files' names, and the hashes of all records by their numbers.

    Where files older than the first were removed, the last record in them is there by the hash that the next one has.
    """

    names: Collection[str]
    hashes: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Removed:
    """What is known of files that are older than the first one: that there were some, or where one of them ended."""

    any: bool = False
    ends: Collection[ChainEnd] = ()


def check_all(paths: Sequence[Path], removed: Removed = Removed()) -> list[CheckedLog]:
    """Verify files, older ones first.

    Raises as `log_check.check`; FailedPrecondition (AUDIT_BROKEN), too, where a file goes on from another place than
    the end of the one before it, empty ones apart, or a chain is there twice.
    """
    checked: list[CheckedLog] = []
    for number, path in enumerate(paths):
        order = _Order(checked, paths[number + 1 :], removed)
        end = checked[-1].end if checked else NOTHING
        checked.append(log_check.check(path, end, lambda line, path=path, order=order: order.check(path, line)))  # type: ignore[misc]
    return checked


def by_chain(checked: Sequence[CheckedLog]) -> list[list[CheckedLog]]:
    """Group files that `check_all` has verified by their chains; an empty one is of the chain of the one before it."""
    found: list[list[CheckedLog]] = []
    for log in checked:
        if not found or (begins_chain(log) and any(other.records for other in found[-1])):
            found.append([])
        found[-1].append(log)
    return found


def read_chain(logs: Sequence[CheckedLog]) -> LogChain:
    """Read the records of one chain's files."""
    begin = next((log.before for log in logs if log.records), NOTHING)
    hashes = {begin.sequence: begin.hash} if begin.sequence else {}
    for log in logs:
        hashes.update((line.event.sequence, line.event.hash) for line in log_check.read(log.path))
    return LogChain(frozenset(log.path.name for log in logs), hashes)


def begins_chain(log: CheckedLog) -> bool:
    """Whether the first record of a chain is a file's first."""
    return bool(log.records) and not log.before.sequence


@dataclass(frozen=True, slots=True)
class _Order:
    """The files before and after one, by which its first line is judged."""

    before: Sequence[CheckedLog]
    after: Sequence[Path]
    removed: Removed

    def check(self, path: Path, line: LogLine) -> None:
        """Raise FailedPrecondition where a file's first line is out of place."""
        event = line.event
        last = next((log for log in reversed(self.before) if log.records), None)
        for twin in self.before:
            if twin.first == event.hash:
                raise log_check.broken(path, line.number, event.sequence, f"is there twice: it begins {twin.path}, too")
        if event.sequence == 1 or (last and last.end == event.before):
            return
        if last is None and (self.removed.any or event.before in self.removed.ends):
            return
        raise self._out_of_place(path, line, last)

    def _out_of_place(self, path: Path, line: LogLine, last: CheckedLog | None) -> FailedPrecondition:
        before = line.event.before
        for other in (*self.before, *self._later()):
            if other.records and other.end == before:
                what = (
                    f"comes after record {before.sequence}, the last one of {other.path}, which is not the file before "
                    "this one: they are not in the order in which they were written"
                )
                return log_check.broken(path, line.number, line.event.sequence, what)
        if last:
            return log_check.out_of_place(path, line, last.end, f" of {last.path}")
        gone = "record 1 is" if before.sequence == 1 else f"records 1 to {before.sequence} are"
        what = (
            f"is the first one: {gone} missing. Name the files before this one, too; where those were removed, say "
            "--older-removed, or name a head of their end by --head"
        )
        return log_check.broken(path, line.number, line.event.sequence, what)

    def _later(self) -> Iterator[CheckedLog]:
        for path in self.after:
            with suppress(RegistryError):
                yield log_check.check(path)
