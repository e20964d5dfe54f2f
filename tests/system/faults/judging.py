"""The judgement of a run: what was acknowledged against what is there, watches against what they should have shown.

Holds no order of operations: that is the checker's (`tests/system/linearizability`).
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable

from schemaregistry_server.store.store_history import History as Stored
from tests.system.faults.clients import Watcher, named
from tests.system.faults.history import History


def judge_store(history: History, stored: Stored) -> None:
    """Each acknowledged write is there once, as it was acknowledged; and nothing that nobody wrote."""
    there = {(write.id, write.version): write.entry for write in stored.writes}
    for name in {(ack.id, ack.version) for ack in history.acks} - there.keys():
        history.found_wrong("lost", f"{name} was acknowledged and is not in the store")
    for ack in history.acks:
        entry = there.get((ack.id, ack.version))
        if entry and named(entry.raw) != ack.content:
            history.found_wrong("lost", f"{ack} was acknowledged, the store has other content")
        elif entry and entry.revision != ack.revision:
            history.found_wrong("duplicated", f"{ack} was acknowledged, the store has it at {entry.revision}")
    for name, entry in there.items():
        if named(entry.raw) not in history.written[name]:
            history.found_wrong("unexpected", f"{name} in the store was never written")
    _judge_once(history, stored)


def _judge_once(history: History, stored: Stored) -> None:
    keys = Counter((write.id, write.version) for write in stored.writes)
    created = Counter((ack.id, ack.version) for ack in history.acks if ack.created)
    revisions = Counter(write.entry.revision for write in stored.writes)
    for what, times in [*keys.items(), *created.items(), *revisions.items()]:
        if times > 1:
            history.found_wrong("duplicated", f"{what} is there, or was said to be created, {times} times")


def judge_watches(history: History, stored: Stored, watchers: Iterable[Watcher]) -> int:
    """Each part of a watch shows every revision between its ends once; how many were shown."""
    revisions = [write.entry.revision for write in stored.writes]
    shown = 0
    for watcher in watchers:
        for part in watcher.parts:
            shown += len(part.revisions)
            due = revisions[bisect_right(revisions, part.after) : bisect_right(revisions, part.reached)]
            for missing in set(due) - set(part.revisions):
                history.found_wrong("disorder", f"{watcher.name} was never shown revision {missing}")
            for added in set(part.revisions) - set(due):
                history.found_wrong("disorder", f"{watcher.name} was shown revision {added}, which is not there")
    return shown
