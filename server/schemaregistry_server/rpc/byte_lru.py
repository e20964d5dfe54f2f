"""A cache of the values used last, bounded by their total size in bytes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")


class ByteLru(Generic[KeyT, ValueT]):
    """A least-recently-used cache of at most `most` bytes in all; a single value may be larger.

    `held` is the number of bytes in it now.
    """

    def __init__(self, most: int, size: Callable[[ValueT], int]) -> None:
        """`size` gives a value's bytes."""
        self.held = 0
        self._most = most
        self._size = size
        self._values: OrderedDict[KeyT, ValueT] = OrderedDict()

    def get(self, key: KeyT) -> ValueT | None:
        found = self._values.get(key)
        if found is not None:
            self._values.move_to_end(key)
        return found

    def put(self, key: KeyT, value: ValueT) -> None:
        if key in self._values:
            return
        self._values[key] = value
        self.held += self._size(value)
        while self.held > self._most and len(self._values) > 1:
            self.held -= self._size(self._values.popitem(last=False)[1])
