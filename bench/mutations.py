"""Mutate a file's bytes, as damage, truncation or an attacker would; the same number gives the same mutation."""

import random
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

_Change: TypeAlias = Callable[[bytearray, random.Random], None]

_ODD: Final = (0, 1, 0x7F, 0x80, 0xFF)
_ODD_LENGTHS: Final = (0, 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1)

_SHORTEST: Final = 8
"""Bytes of the shortest file that is mutated further."""


def mutated(data: bytes, number: int, others: Sequence[bytes] = ()) -> bytes:
    """Return `data` with the mutation of this number, which may insert parts of `others`."""
    dice = random.Random(number)
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 3, 8))):
        if len(changed) > _SHORTEST:
            dice.choice(_CHANGES)(changed, dice)
    if others and dice.random() < 0.02:
        other = dice.choice(others)
        cut = dice.randrange(len(other))
        at = dice.randrange(len(changed) + 1)
        changed[at : at + len(other) - cut] = other[cut:]
    return bytes(changed)


def _place(data: bytearray, dice: random.Random) -> int:
    """Choose a position: half of the time near the end, where a file's footer is."""
    size = len(data)
    return dice.randrange(max(0, size - size // 4) if dice.random() < 0.5 else 0, size)


def _flip(data: bytearray, dice: random.Random) -> None:
    data[_place(data, dice)] ^= 1 << dice.randrange(8)


def _byte(data: bytearray, dice: random.Random) -> None:
    data[_place(data, dice)] = dice.choice((*_ODD, dice.randrange(256)))


def _length(data: bytearray, dice: random.Random) -> None:
    """Replace four or eight bytes with a number at the edge of its type, on which sums overflow."""
    width = dice.choice((2, 4, 8))
    at = _place(data, dice)
    at -= at % dice.choice((1, width))
    value = dice.choice(_ODD_LENGTHS) % (1 << 8 * width)
    data[at : at + width] = value.to_bytes(width, "little")[: max(0, len(data) - at)]


def _varint(data: bytearray, dice: random.Random) -> None:
    """Replace bytes with a large number in Thrift's variable-length encoding."""
    at, value = _place(data, dice), dice.choice(_ODD_LENGTHS)
    packed = bytearray()
    while value >= 0x80:
        packed.append(value & 0x7F | 0x80)
        value >>= 7
    packed.append(value)
    data[at : at + 1] = packed


def _remove(data: bytearray, dice: random.Random) -> None:
    at = _place(data, dice)
    del data[at : at + dice.choice((1, 2, 4, 8, 64, 512))]


def _repeat(data: bytearray, dice: random.Random) -> None:
    at = _place(data, dice)
    part = data[at : at + dice.choice((1, 4, 8, 64))]
    data[at:at] = part * dice.choice((1, 2, 16))


def _copy(data: bytearray, dice: random.Random) -> None:
    size = dice.choice((1, 4, 8, 16, 64))
    part, at = _place(data, dice), _place(data, dice)
    data[at : at + size] = data[part : part + size]


def _blank(data: bytearray, dice: random.Random) -> None:
    at, size = _place(data, dice), dice.choice((4, 16, 60))
    data[at : at + size] = bytes([dice.choice(_ODD)]) * len(data[at : at + size])


def _cut(data: bytearray, dice: random.Random) -> None:
    del data[_place(data, dice) :]


_CHANGES: Final[Sequence[_Change]] = (
    *(_flip, _flip, _byte, _byte, _byte, _length, _length, _varint, _varint),
    *(_remove, _repeat, _copy, _blank, _cut),
)
