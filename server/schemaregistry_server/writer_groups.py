"""What a writer thread takes from its queue at once, so that several writes share one sync of the disk."""

import queue
from collections.abc import Iterator
from typing import TypeVar

ItemT = TypeVar("ItemT")


def groups(waiting: "queue.Queue[ItemT | None] | queue.SimpleQueue[ItemT | None]", most: int) -> Iterator[list[ItemT]]:
    """Yield the items of a queue in their order, as they come: those that wait, up to `most` in a group.

    None in the queue is its end.
    """
    while (first := waiting.get()) is not None:
        group, ended = [first], False
        while len(group) < most and not ended:
            try:
                item = waiting.get_nowait()
            except queue.Empty:
                break
            if item is None:
                ended = True
            else:
                group.append(item)
        yield group
        if ended:
            return
