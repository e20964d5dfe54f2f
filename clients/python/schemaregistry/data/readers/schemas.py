"""What a file's schema must be before a plan can read it. Knows no plan."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from schemaregistry.data.arrow.types import Field, family, value_type
from schemaregistry.data.report.unreadable import UnreadableFile

_MOST_DIGITS: Final = 76
"""Digits of the widest decimals, those of 256 bits; Arrow's casts read beyond their tables for scales beyond it."""


def refuse_repeated(path: str, fields: Iterable[Field]) -> None:
    """Raise Unreadable (DUPLICATE_COLUMN) where columns, or members of a struct, have the same name.

    And CORRUPT where names, or names of time zones, aren't text, and for decimals of a scale that none has.
    """
    try:
        _refuse(path, list(fields))
    except UnicodeDecodeError as error:
        raise UnreadableFile(path, "CORRUPT", f"a name in the file's schema isn't UTF-8: {error.object!r}") from None


def _refuse(path: str, fields: Sequence[Field]) -> None:
    refuse_repeated_names(path, [field.name for field in fields])
    for field in fields:
        str(field.type)
        _refuse_within(path, field)


def refuse_repeated_names(path: str, names: list[str], line: int | None = None) -> None:
    """The same of names alone."""
    repeated = [name for name, times in Counter(names).items() if times > 1]
    if repeated:
        message = f'more than one column is named "{repeated[0]}": which of them is meant can\'t be told'
        raise UnreadableFile(path, "DUPLICATE_COLUMN", message, line=line)


def _refuse_within(path: str, field: Field) -> None:
    kind = value_type(field.type)
    match family(kind):
        case "struct":
            _refuse(path, list(kind))
        case "list":
            _refuse(path, [kind.value_field])
        case "timestamp":
            _ = kind.tz
        case "decimal" if abs(kind.scale) > _MOST_DIGITS:
            message = f'"{field.name}" is {kind}: a decimal has a scale of {_MOST_DIGITS} at most'
            raise UnreadableFile(path, "CORRUPT", message)
