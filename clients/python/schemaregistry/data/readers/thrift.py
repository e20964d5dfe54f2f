"""Parse Thrift's compact protocol, just far enough to find some fields of a struct and skip the others.

Source: thrift-compact-protocol.md of Apache Thrift. Every method raises IndexError or ValueError for malformed bytes.
"""

from collections.abc import Iterator
from typing import Final

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
_DEEPEST: Final = 24
"""Levels of nested structs and lists."""
_WIDEST: Final = 63
"""The largest shift in a varint of 64 bits."""


class CompactProtocol:
    """A cursor over bytes of the compact protocol."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def position(self) -> int:
        """How many bytes have been read."""
        return self._at

    def fields(self) -> Iterator[tuple[int, int]]:
        """Yield the number and type of each field of a struct. Read the value or `skip` it before the next field."""
        number, data = 0, self._data
        while (head := data[self._at]) & 0x0F:
            self._at += 1
            # The head's upper half is the step from the last field's number; 0 if the number follows in full.
            number = number + (head >> 4) if head >> 4 else self.integer()
            yield number, head & 0x0F
        self._at += 1

    def integer(self) -> int:
        """Read an integer of any width (zigzag varint)."""
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def binary(self) -> bytes:
        """Read a byte string or text."""
        start = self._forward(self._varint())
        return self._data[start : self._at]

    def items(self) -> range:
        """Read the head of a list and return the indices of its items, which follow."""
        return range(self._collection()[0])

    def skip(self, kind: int, depth: int = 0) -> None:
        """Skip a value of type `kind`."""
        if _BYTE < kind < _DOUBLE:
            self._varint()
        elif kind == _BINARY:
            self._forward(self._varint())
        elif kind in (_LIST, _SET, _MAP, _STRUCT):
            if depth == _DEEPEST:
                raise ValueError("it is nested too deep")
            self._skip_within(kind, depth + 1)
        elif kind in (_BYTE, _DOUBLE):
            self._forward(1 if kind == _BYTE else 8)
        elif kind not in (_TRUE, _FALSE):
            raise ValueError(f"it holds a value of no type: {kind}")

    def _skip_within(self, kind: int, depth: int) -> None:
        if kind == _STRUCT:
            self.skip_rest(depth)
        elif kind == _MAP:
            size = self._varint()
            kinds = self._data[self._forward(1)] if size else 0
            for _ in range(size):
                self._skip_item(kinds >> 4, depth)
                self._skip_item(kinds & 0x0F, depth)
        else:
            size, inner = self._collection()
            for _ in range(size):
                self._skip_item(inner, depth)

    def skip_rest(self, depth: int = 1) -> None:
        """Skip the fields of a struct that are left.

        It is one loop for the common types, since a footer has dozens of fields for each column and a file one header a
        page.
        """
        data, at, outside = self._data, self._at, depth - 1
        while depth > outside:
            head = data[at]
            kind = head & 0x0F
            at += 1
            if not kind:
                depth -= 1
                continue
            # Varints to skip: the field's number, unless the head has it, and the value of an integer.
            varints = (head < 0x10) + (_BYTE < kind < _DOUBLE)
            while varints:
                varints -= data[at] < 0x80
                at += 1
            if kind == _BINARY and data[at] < 0x80:
                at += data[at] + 1
            elif kind == _STRUCT:
                depth += 1
                if depth > _DEEPEST:
                    raise ValueError("it is nested too deep")
            elif kind > _I64 or kind == _BYTE:
                self._at = at
                self.skip(kind, depth)
                at = self._at
        self._at = self._within(at)

    def _within(self, at: int) -> int:
        if at > len(self._data):
            raise IndexError(at)
        return at

    def _skip_item(self, kind: int, depth: int) -> None:
        """Skip an item of a collection: there a boolean takes a byte, while in a struct the field's head holds it."""
        self.skip(_BYTE if kind in (_TRUE, _FALSE) else kind, depth)

    def _collection(self) -> tuple[int, int]:
        head = self._data[self._forward(1)]
        return (self._varint() if head >> 4 == 0x0F else head >> 4), head & 0x0F

    def _varint(self) -> int:
        data, at = self._data, self._at
        byte = data[at]
        at += 1
        value, shift = byte & 0x7F, 7
        while byte & 0x80:
            if shift > _WIDEST:
                raise ValueError("a number in it is too long")
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
        self._at = at
        return value

    def _forward(self, size: int) -> int:
        """Skip `size` bytes and return the position before them."""
        start = self._at
        self._at = self._within(start + size)
        return start
