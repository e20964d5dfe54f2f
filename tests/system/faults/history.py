"""What every client of a fault run did and was told, and what of that can be judged at once.

Holds no client; what needs the end of the run is `verdict_cache.py`'s, the order of operations the checker's
(`tests/system/linearizability`), which reads the lines written here.
"""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

EFFECTLESS = frozenset({"conflict", "refused"})
"""Answers that show a version of somebody else's."""


@dataclass(frozen=True, slots=True)
class Ack:
    """A write that a server acknowledged, new or there already, at a time (`time.monotonic`)."""

    id: str
    version: str
    content: str
    revision: int
    server: str
    created: bool
    at: float


class History:
    """Grows while the run goes on. `floor`: the newest revision that any client has heard of."""

    def __init__(self, lines: TextIO) -> None:
        self._lines = lines
        self.acks: list[Ack] = []
        self.of_server: dict[str, list[Ack]] = defaultdict(list)
        self.written: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.floor = 0
        self.counts: Counter[str] = Counter()
        self.wrong: dict[str, list[str]] = defaultdict(list)

    def heard(self, revision: int) -> None:
        self.floor = max(self.floor, revision)

    def acknowledged(self, ack: Ack) -> None:
        self.heard(ack.revision)
        self.acks.append(ack)
        self.of_server[ack.server].append(ack)

    def found_wrong(self, kind: str, sentence: str) -> None:
        self.wrong[kind].append(sentence)

    def operation(self, client: int, start: int, call: dict[str, str], answer: dict[str, str]) -> None:
        """One line; it ends now."""
        line = {"client": client, "start": start, "end": time.monotonic_ns(), **call, **answer}
        self._lines.write(json.dumps(line) + "\n")


@contextmanager
def recorded(path: Path) -> Iterator[History]:
    with path.open("w", encoding="utf-8") as lines:
        yield History(lines)
