"""Run judgements and parsing in a child process, which is killed when its time is over.

They can't be interrupted in this process: native code doesn't look at the clock.
"""

from collections.abc import Collection, Sequence
from functools import partial
from types import TracebackType
from typing import Final, Self

from schemaregistry.compat import Verdict, admit, admit_undecided, check_history, json_lines, undecided_history
from schemaregistry.compat.consumer_impact import Impact, Reading, impact
from schemaregistry.document import Document, Level, parse
from schemaregistry.errors import InvalidArgument
from schemaregistry.tasks import Stopped, TaskWorker, Template

BY_SIZE: Final = 2.0
"""Extra seconds for each MiB of documents, because listing the changes also takes time."""
PARSING: Final = 5.0
"""Seconds for parsing one document; the limits of documents keep that well below one second."""
PRELOADED: Final = ("schemaregistry.compat.json_lines", "schemaregistry.compat.second_referee")


class CompatProcess:
    """A child process for the library's judgements; it is started at once and ends with the `with` block."""

    def __init__(self) -> None:
        self._worker = TaskWorker(Template(PRELOADED))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._worker.close()

    def parse(self, raw: bytes) -> Document:
        """Parse as `document.parse` does. Raises InvalidArgument (TOO_COSTLY) beyond the limits of time and memory."""
        try:
            return self._worker.ask(PARSING, parse, raw)
        except Stopped as stopped:
            message = f"Whether the document is sound can't be told: {stopped}. Make it smaller, or its patterns."
            raise InvalidArgument(message, reason="TOO_COSTLY") from None

    def check(self, versions: Sequence[Document], new: Document, direction: Level | None, seconds: float) -> Verdict:
        """Judge as `compat.check_history` does; beyond the limits of time and memory the verdict is unknown."""
        try:
            limit = seconds + BY_SIZE * sum(len(each.raw) for each in (*versions, new)) / (1 << 20)
            return self._worker.ask(limit, partial(check_history, direction=direction, seconds=seconds), versions, new)
        except Stopped as stopped:
            return undecided_history(versions, new, str(stopped), direction=direction)

    def admit(
        self, versions: Sequence[Document], new: Document, seconds: float = 1.0, taken: Collection[str] = ()
    ) -> Verdict | None:
        """Admit as `compat.admit` does; beyond the limits of time and memory with the verdict unknown.

        Raises RefusedVersion.
        """
        try:
            return self._worker.ask(seconds, partial(admit, seconds=seconds, taken=taken), versions, new)
        except Stopped as stopped:
            return admit_undecided(versions, new, str(stopped), taken)

    def impact(self, old: Document, new: Document, reading: Reading, seconds: float = 0.5) -> Impact:
        """Judge one consumer as `compat.consumer_impact.impact` does; open where that takes too much time or memory."""
        try:
            return self._worker.ask(seconds, partial(impact, seconds=seconds), old, new, reading)
        except Stopped as stopped:
            return Impact(None, f"Whether it goes on was not decided: {stopped}.")

    def answer_line(self, line: bytes, seconds: float) -> str:
        """Answer one JSON line of `schemaregistry compat`; beyond the limits of time and memory with unknown."""
        try:
            return self._worker.ask(seconds, json_lines.answer, line, seconds)
        except Stopped as stopped:
            return json_lines.undecided(line, str(stopped))
