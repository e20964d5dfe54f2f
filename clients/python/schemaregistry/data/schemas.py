"""What a file's schema must be before a plan can read it. Knows no plan."""

from collections import Counter
from collections.abc import Iterable

from schemaregistry.data.faults import Unreadable
from schemaregistry.data.types import Field, family, value_type


def refuse_repeated(path: str, fields: Iterable[Field]) -> None:
    """Raise Unreadable (DUPLICATE_COLUMN) where columns, or members of a struct, have the same name."""
    fields = list(fields)
    refuse_repeated_names(path, [field.name for field in fields])
    for field in fields:
        _refuse_within(path, field)


def refuse_repeated_names(path: str, names: list[str], line: int | None = None) -> None:
    """The same of names alone."""
    repeated = [name for name, times in Counter(names).items() if times > 1]
    if repeated:
        message = f'more than one column is named "{repeated[0]}": which of them is meant can\'t be told'
        raise Unreadable(path, "DUPLICATE_COLUMN", message, line=line)


def _refuse_within(path: str, field: Field) -> None:
    kind = value_type(field.type)
    match family(kind):
        case "struct":
            refuse_repeated(path, kind)
        case "list":
            _refuse_within(path, kind.value_field)
