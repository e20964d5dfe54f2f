"""What the RPCs ask of a judge, and the memory of its verdicts on pairs that can't change. Holds no judgement."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, Protocol, get_args

from schemaregistry.compat.verdict import Verdict
from schemaregistry.document import Document, Level
from schemaregistry.errors import InvalidArgument
from schemaregistry_server.catalog import Registered

REMEMBERED: Final = 4096


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


class Comparisons:
    """Verdicts on pairs of registered versions: the newest `REMEMBERED` are kept, and asked for once at a time."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._known: OrderedDict[tuple[Registered, Registered, Level | None], asyncio.Task[Verdict]] = OrderedDict()

    async def verdict(self, old: Registered, new: Registered, direction: Level | None) -> Verdict:
        key = (old, new, direction)
        judging = self._known.get(key)
        if judging is None:
            judging = asyncio.create_task(self._judge.check(old.document, new.document, direction=direction))
            self._known[key] = judging
            judging.add_done_callback(lambda done: self._forget(key, done))
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return await asyncio.shield(judging)

    def _forget(self, key: tuple[Registered, Registered, Level | None], done: "asyncio.Task[Verdict]") -> None:
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
