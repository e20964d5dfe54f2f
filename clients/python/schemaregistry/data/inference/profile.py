"""Profile the values of rows beyond their types: where nulls are, and which few texts a dictionary has.

`propose.py` draws the conclusions for a document.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa

from schemaregistry.data.arrow.arrays import decoded, plain
from schemaregistry.data.arrow.types import Array, family, pc, value_type

MAX_TEXTS: Final = 12
"""The most distinct texts of a dictionary that are listed."""


@dataclass(slots=True)
class ColumnProfile:
    """The values at one place: how many, whether some are null, and the texts of a dictionary.

    `texts` is None without a dictionary of texts, or with more than MAX_TEXTS of them. `inner` has the profiles of a
    struct's members by name, and of a list's items by None.
    """

    count: int = 0
    nulls: bool = False
    texts: set[str] | None = None
    inner: "dict[str | None, ColumnProfile]" = field(default_factory=dict)

    def at(self, name: str | None) -> "ColumnProfile":
        """Return the profile of a member, or with None of the items."""
        return self.inner.setdefault(name, ColumnProfile())


def see(batches: Iterable[pa.RecordBatch]) -> ColumnProfile:
    """Profile the rows of all batches; the result has the columns as members."""
    rows = ColumnProfile()
    for batch in batches:
        rows.count += batch.num_rows
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            _see(rows.at(name), column)
    return rows


def _see(here: ColumnProfile, array: Array, there: Array | None = None) -> None:
    """Add the values of an array; `there` marks those whose struct isn't null."""
    if isinstance(array.type, pa.DictionaryType) and family(value_type(array.type)) == "text":
        _see_texts(here, array)
    array = plain(array)
    valid = array.is_valid()
    count = len(array) if there is None else there.true_count
    here.count += count
    here.nulls |= valid.true_count < count
    match family(array.type):
        case "struct":
            for member, values in zip(array.type, array.flatten(), strict=True):
                _see(here.at(member.name), values, valid)
        case "list":
            _see(here.at(None), pc.list_flatten(array))


def _see_texts(here: ColumnProfile, array: Array) -> None:
    """Add the texts that values refer to: a dictionary may have more."""
    # An earlier batch had too many texts, or no dictionary.
    if here.count and here.texts is None:
        return
    texts = set(pc.unique(decoded(array)).drop_null().to_pylist()) | (here.texts or set())
    here.texts = texts if len(texts) <= MAX_TEXTS else None
