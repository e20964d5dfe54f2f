"""Rewrite numbers and dates in spellings that the user states: decimal commas, day first, numbers since 1970.

`1.234,5` has a decimal comma, `02.01.2024 09:30` the day first, 1704187800000 counts milliseconds since 1970. The
results are parsed by `text_parsing.py`.
"""

import re
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import pyarrow as pa
import pyarrow.types as pt

from schemaregistry.data.arrow.types import Array, DataType, family
from schemaregistry.document.model import PLAIN_CSV, CsvDialect

Epoch: TypeAlias = Literal["s", "ms", "us", "ns"]
"""The unit of numbers since 1970-01-01."""
EPOCHS: Final = ("s", "ms", "us", "ns")
_NUMBERS: Final = ("int", "float", "decimal")
_DATES: Final = ("date", "timestamp")
_LOCAL: Final = re.compile(
    r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?:[ T](\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?", re.ASCII
)
"""A date in any order of year, month and day, perhaps with a time."""
_INTEGER: Final = re.compile(r"-?\d{1,19}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Conventions:
    """The stated spelling of numbers, dates and times since 1970; None where nothing is stated."""

    dialect: CsvDialect = PLAIN_CSV
    epoch: Epoch | None = None

    def apply_to(self, kind: DataType) -> bool:
        """Whether a convention is stated for values of a type."""
        if family(kind) in _NUMBERS:
            return self.dialect.decimal is not None or self.dialect.thousands is not None
        return family(kind) in _DATES and (self.dialect.dates is not None or self.epoch is not None)

    def name(self, kind: DataType) -> str:
        """Name the convention for values of a type, as a repair shows it."""
        if family(kind) in _NUMBERS:
            return f'number with decimal "{self._decimal}" and thousands "{self.dialect.thousands or ""}"'
        conventions = [self.dialect.dates, self.epoch and f"{self.epoch} since 1970"]
        return " or ".join(each for each in conventions if each)

    def plain(self, texts: Array, kind: DataType) -> Array:
        """Rewrite texts to the plain spelling; null for a number that isn't spelled as stated."""
        respell = self._number if family(kind) in _NUMBERS else self._time
        return pa.array([None if text is None else respell(text, kind) for text in texts.to_pylist()], pa.string())

    def time_of(self, value: int, kind: DataType) -> str | None:
        """Return the text of a number since 1970; None where no unit is stated, or no type can hold it."""
        # Arrow's timestamps are int64.
        if self.epoch is None or abs(value) >= 2**63:
            return None
        stamp: Any = pa.array([value], pa.int64()).view(pa.timestamp(self.epoch))
        text = stamp.cast(pa.string())[0].as_py()
        return f"{text}Z" if pt.is_timestamp(kind) and kind.tz else str(text)

    @property
    def _decimal(self) -> str:
        return self.dialect.decimal or "."

    def _number(self, text: str, _kind: DataType) -> str | None:
        mark, group = re.escape(self._decimal), re.escape(self.dialect.thousands or "")
        # A group has exactly three digits: 1.5 with "." for thousands is no 15.
        groups = rf"[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|" if group else ""
        if not re.fullmatch(rf"[+-]?(?:{groups}[0-9]+)(?:{mark}[0-9]+)?(?:[eE][+-]?[0-9]+)?", text):
            return None
        whole = text.replace(self.dialect.thousands, "") if self.dialect.thousands else text
        return whole.replace(self._decimal, ".")

    def _time(self, text: str, kind: DataType) -> str:
        if self.epoch and _INTEGER.fullmatch(text):
            return self.time_of(int(text), kind) or text
        found = _LOCAL.fullmatch(text) if self.dialect.dates else None
        if found is None:
            return text
        order = dict(zip(str(self.dialect.dates), (found[1], found[3], found[4]), strict=True))
        # A year of two digits would leave its century open.
        if len(order["y"]) != 4 or max(len(order["m"]), len(order["d"])) > 2:
            return text
        date = f"{order['y']}-{order['m']:0>2}-{order['d']:0>2}"
        if found[5] is None:
            return date
        return f"{date}T{found[5]:0>2}:{found[6]}:{found[7] or '00'}{'.' + found[8] if found[8] else ''}"
