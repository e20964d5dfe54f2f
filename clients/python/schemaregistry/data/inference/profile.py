"""What the values of some rows are, as far as their types don't say it: where nulls are, which few texts there are.

Judges nothing; what follows for a document is propose's.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa

from schemaregistry.data.arrow.arrays import decoded, plain
from schemaregistry.data.arrow.types import Array, family, pc, value_type

MAX_TEXTS: Final = 12
"""Different texts of a dictionary that are few enough to be named."""


@dataclass(slots=True)
class ColumnProfile:
    """The values at one place: their number, whether there are nulls among them, the texts of a dictionary.

    `texts` is None where there is no dictionary of texts, or more than MAX_TEXTS of them. `inner` are the members of a
    struct by name, and the items of a list by None.
    """

    count: int = 0
    nulls: bool = False
    texts: set[str] | None = None
    inner: "dict[str | None, ColumnProfile]" = field(default_factory=dict)

    def at(self, name: str | None) -> "ColumnProfile":
        """The place of a member, or of the items."""
        return self.inner.setdefault(name, ColumnProfile())


def see(batches: Iterable[pa.RecordBatch]) -> ColumnProfile:
    """The rows of all batches, their columns as members."""
    rows = ColumnProfile()
    for batch in batches:
        rows.count += batch.num_rows
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            _see(rows.at(name), column)
    return rows


def _see(here: ColumnProfile, array: Array, there: Array | None = None) -> None:
    """Look at the values of an array; `there` tells those that are members of a struct that isn't null."""
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
    """The texts that are used: a dictionary may hold more."""
    if here.count and here.texts is None:
        return
    texts = set(pc.unique(decoded(array)).drop_null().to_pylist()) | (here.texts or set())
    here.texts = texts if len(texts) <= MAX_TEXTS else None
