"""Reject file schemas that no reader can use: repeated names, names that aren't UTF-8, impossible decimals."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from schemaregistry.data.arrow.types import Field, family, value_type
from schemaregistry.data.report.unreadable import UnreadableFile

_MOST_DIGITS: Final = 76
"""Digits of a decimal256; Arrow's casts read beyond their tables of powers of ten for larger scales."""


def refuse_repeated(path: str, fields: Iterable[Field]) -> None:
    """Reject a schema in which two columns, or two members of a struct, have the same name.

    Raises UnreadableFile: DUPLICATE_COLUMN; CORRUPT for a name of a column or time zone that isn't UTF-8, and for a
    decimal whose scale is out of range.
    """
    try:
        _refuse(path, list(fields))
    except UnicodeDecodeError as error:
        raise UnreadableFile(path, "CORRUPT", f"a name in the file's schema isn't UTF-8: {error.object!r}") from None


def _refuse(path: str, fields: Sequence[Field]) -> None:
    refuse_repeated_names(path, [field.name for field in fields])
    for field in fields:
        # pyarrow decodes names lazily: printing the type raises UnicodeDecodeError here, where it is caught.
        str(field.type)
        _refuse_within(path, field)


def refuse_repeated_names(path: str, names: list[str], line: int | None = None) -> None:
    """Raise UnreadableFile (DUPLICATE_COLUMN) where a name occurs twice."""
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
            # Decodes the name of the time zone, for the same reason.
            _ = kind.tz
        case "decimal" if abs(kind.scale) > _MOST_DIGITS:
            message = f'"{field.name}" is {kind}: a decimal has a scale of {_MOST_DIGITS} at most'
            raise UnreadableFile(path, "CORRUPT", message)
