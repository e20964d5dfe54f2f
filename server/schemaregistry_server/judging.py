"""What the RPCs ask of a judge, how much may be asked at once, and the memory of verdicts that can't change.

Holds no judgement.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine, Sequence
from typing import Any, Final, Protocol, TypeVar, get_args

from schemaregistry.compat import Verdict
from schemaregistry.document import Document, Level
from schemaregistry.errors import InvalidArgument, ResourceExhausted
from schemaregistry_server.catalog import Registered

REMEMBERED: Final = 4096

ASKED: Final = 64
"""Questions that may wait at once: each may take seconds of a worker."""

Answer = TypeVar("Answer")
Pair = tuple[Registered, Registered, Level | None]


class Judge(Protocol):
    """`schemaregistry.compat` in a process that can be killed when its time is up."""

    async def admit(self, versions: Sequence[Document], new: Document) -> Verdict | None:
        """As `compat.admit`: return where `new` may follow `versions`, raise RefusedVersion where not."""

    async def check(self, old: Document, new: Document, *, direction: Level | None = None) -> Verdict:
        """As `compat.check`."""

    async def check_history(
        self, versions: Sequence[Document], new: Document, *, direction: Level | None = None
    ) -> Verdict:
        """As `compat.check_history`."""


class Questions:
    """Readers' way to a judge; raises ResourceExhausted while too much is asked.

    Give it a judge of its own: a reader's questions must not hold up a publisher's writes.
    """

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._asked = 0
        self._known: OrderedDict[Pair, asyncio.Task[Verdict]] = OrderedDict()

    async def candidate(self, versions: Sequence[Registered], new: Document, direction: Level | None) -> Verdict:
        """The verdict on a document that is not registered."""
        return await self._ask(
            self._judge.check_history([each.document for each in versions], new, direction=direction)
        )

    async def pair(self, old: Registered, new: Registered, direction: Level | None) -> Verdict:
        """The verdict on two registered versions; the newest are remembered, and each is asked for once at a time."""
        key = (old, new, direction)
        judging = self._known.get(key)
        if judging is None:
            judging = asyncio.create_task(self._ask(self._judge.check(old.document, new.document, direction=direction)))
            self._known[key] = judging
            judging.add_done_callback(lambda done: self._forget_failed(key, done))
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return await asyncio.shield(judging)

    async def _ask(self, question: Coroutine[Any, Any, Answer]) -> Answer:
        if self._asked >= ASKED:
            question.close()
            raise ResourceExhausted(
                f"{ASKED} verdicts are being worked on: try again in a few seconds.", reason="JUDGE_BUSY"
            )
        self._asked += 1
        try:
            return await question
        finally:
            self._asked -= 1

    def _forget_failed(self, key: Pair, done: "asyncio.Task[Verdict]") -> None:
        if (done.cancelled() or done.exception() is not None) and self._known.get(key) is done:
            del self._known[key]


def read_direction(text: str, *, transitive: bool) -> Level | None:
    """The direction that a request names, None for "": the document's own. Raises InvalidArgument (BAD_DIRECTION)."""
    known: tuple[Level, ...] = tuple(name for name in get_args(Level) if transitive or not name.endswith("_transitive"))
    for name in known:
        if text == name:
            return name
    if text:
        raise InvalidArgument(
            f"{text[:40]!a} is not a direction: use one of {', '.join(known)}.", reason="BAD_DIRECTION"
        )
    return None
