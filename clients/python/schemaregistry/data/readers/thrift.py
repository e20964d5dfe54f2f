"""Thrift's compact protocol, read just far enough to find some fields of a struct and pass over the others.

Source: the specification of the protocol, thrift-compact-protocol.md of Apache Thrift. Raises IndexError or ValueError
for bytes that are none.
"""

from collections.abc import Iterator
from typing import Final

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
_DEEPEST: Final = 24
"""Structs and lists within one another."""
_WIDEST: Final = 63
"""Bits of a number."""


class CompactProtocol:
    """A place in bytes of the compact protocol, which moves on as values are read."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def position(self) -> int:
        """How many bytes are read."""
        return self._at

    def fields(self) -> Iterator[tuple[int, int]]:
        """Each field of a struct as its number and type; what isn't read of it must be passed over with `skip`."""
        number, data = 0, self._data
        while (head := data[self._at]) & 0x0F:
            self._at += 1
            number = number + (head >> 4) if head >> 4 else self.integer()
            yield number, head & 0x0F
        self._at += 1

    def integer(self) -> int:
        """A number of any width."""
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def binary(self) -> bytes:
        """Bytes, or a text's."""
        start = self._forward(self._varint())
        return self._data[start : self._at]

    def items(self) -> range:
        """The indices of a list; as many values follow."""
        return range(self._collection()[0])

    def skip(self, kind: int, depth: int = 0) -> None:
        """Pass over a value of a type."""
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
        """Pass over the fields of a struct that haven't been read.

        In one loop for what most of them are: a footer has dozens of fields for each column, and a file a header for
        each page.
        """
        data, at, outside = self._data, self._at, depth - 1
        while depth > outside:
            head = data[at]
            kind = head & 0x0F
            at += 1
            if not kind:
                depth -= 1
                continue
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
        """A boolean is a byte of its own here, and part of the field's head in a struct."""
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
        """The place before the next `size` bytes, which are passed over."""
        start = self._at
        self._at = self._within(start + size)
        return start
