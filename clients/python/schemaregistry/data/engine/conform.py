"""Convert rows that conform to the contract's types and column order.

Every value was found to fit its type before, so no conversion loses anything.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from schemaregistry.data.arrow import text_parsing
from schemaregistry.data.arrow.arrays import Mask, booleans, decoded, either, items_of, parents, plain, some, valid
from schemaregistry.data.arrow.batch import Batch
from schemaregistry.data.arrow.fitting import is_castable
from schemaregistry.data.arrow.json_column import as_json, texts_as_json
from schemaregistry.data.arrow.types import Array, DataType, Field, family, is_json, pc
from schemaregistry.document import Json

_AS_TEXT: Final = ("date", "time", "timestamp", "binary")
"""Types whose JSON values are texts that `text_parsing.py` reads."""


def from_batch(batch: Batch, schema: pa.Schema) -> pa.RecordBatch:
    """Convert a batch: columns that the file lacks are null, columns that the contract lacks are dropped."""
    arrays = [_filled(converted(batch.columns.get(field.name), field.type, batch.rows)) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def from_records(records: Sequence[Mapping[str, Json]], schema: pa.Schema) -> pa.RecordBatch:
    """Convert JSON records without misfits."""
    arrays = [_filled(_built([record.get(field.name) for record in records], field.type)) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def refused_nulls(batch: pa.RecordBatch) -> Mask | None:
    """Return which rows have a null where the contract's Arrow field isn't nullable; None: none."""
    found: Mask | None = None
    for field, column in zip(batch.schema, batch.columns, strict=True):
        found = either(found, _refused_nulls(column, field))
    return some(found)


def _refused_nulls(array: Array, field: Field) -> Mask | None:
    there = valid(array)
    found = None if field.nullable or there is None else ~there
    match family(field.type):
        case "struct":
            for member, inner in zip(field.type, array.flatten(), strict=True):
                within = _refused_nulls(inner, member)
                found = either(found, within if within is None or there is None else within & there)
        case "list":
            within = _refused_nulls(items_of(array), field.type.value_field)
            if within is not None:
                found = either(found, np.isin(np.arange(len(array)), parents(array)[within]))
    return found


def converted(array: Array | None, wanted: DataType, count: int) -> Array:
    """Convert an array of `count` values to the contract's type; None becomes nulls."""
    if array is None or array.null_count == count:
        return pa.nulls(count, wanted)
    if array.type.equals(wanted) and not _lists_null(array):
        return array
    array = plain(array)
    if is_json(wanted):
        return as_json(array)
    if pt.is_dictionary(wanted):
        return converted(array, wanted.value_type, count).dictionary_encode().cast(wanted)
    return _cast(decoded(array), wanted)


def _lists_null(array: Array) -> bool:
    """Whether a dictionary in the array has a null among its values, which no Parquet writer of pyarrow 26 takes."""
    if pt.is_dictionary(array.type):
        return bool(array.dictionary.null_count)
    match family(array.type):
        case "struct":
            return any(map(_lists_null, array.flatten()))
        case "list":
            return _lists_null(items_of(array))
    return False


def _cast(array: Array, wanted: DataType) -> Array:
    match family(wanted):
        case "struct":
            return _struct(array, wanted)
        case "list":
            return _list(array, wanted)
        case "timestamp":
            # Only the spelling of the time zone may differ (`UTC`, `Z`): the integers stay.
            return array.view(pa.int64()).view(pa.timestamp(array.type.unit, wanted.tz)).cast(wanted)
        case "decimal" if pt.is_decimal(array.type) and not is_castable(array.type, wanted):
            # Arrow's cast would read beyond its table of powers of ten (`fitting.is_castable`).
            return pa.array(array.to_pylist(), wanted)
        case "decimal" if pt.is_integer(array.type):
            # Arrow casts an integer only to a decimal with room for all of the type's digits; 20 hold a uint64.
            return array.cast(pa.decimal128(20, 0)).cast(wanted)
    return array.cast(wanted)


def _struct(array: Array, wanted: DataType) -> Array:
    names = [field.name for field in array.type]
    inner = dict(zip(names, array.flatten(), strict=True))
    members = [converted(inner.get(field.name), field.type, len(array)) for field in wanted]
    return pa.StructArray.from_arrays(members, fields=list(wanted), mask=array.is_null())


def _list(array: Array, wanted: DataType) -> Array:
    items = items_of(array)
    lengths = pc.list_value_length(array).fill_null(0).to_numpy(zero_copy_only=False)
    return _listed(converted(items, wanted.value_type, len(items)), lengths, wanted, array.is_null())


def _listed(items: Array, lengths: Sequence[int], wanted: DataType, nulls: Array) -> Array:
    offsets = pa.array(np.append(0, np.cumsum(lengths)), pa.int32())
    return pa.ListArray.from_arrays(offsets, items, type=wanted, mask=nulls)


def _built(values: Sequence[Json], wanted: DataType) -> Array:
    """Build an array of the contract's type from JSON values."""
    match family(wanted):
        case "struct":
            objects = [{} if value is None else value for value in values]
            members = [_built([each.get(field.name) for each in objects], field.type) for field in wanted]
            return pa.StructArray.from_arrays(members, fields=list(wanted), mask=_nulls(values))
        case "list":
            items = _built([item for value in values for item in value or ()], wanted.value_type)
            return _listed(items, [len(value or ()) for value in values], wanted, _nulls(values))
        case "json":
            return texts_as_json(pa.array(values, pa.string()))
        case "decimal":
            values = [None if value is None else Decimal(value) for value in values]
        case kind if kind in _AS_TEXT:
            read, _ = text_parsing.read(pa.array(values, pa.string()), wanted)
            return converted(read, wanted, len(values))
    if pt.is_dictionary(wanted):
        return converted(_built(values, wanted.value_type), wanted, len(values))
    return pa.array(values, wanted)


def _nulls(values: Sequence[Json]) -> Array:
    return pa.array([value is None for value in values], pa.bool_())


def _filled(array: Array, required: Mask | None = None) -> Array:
    """Put a value under each null whose member is declared not nullable; `required` marks nulls that become values.

    What lies under a null struct is unspecified in Arrow, but pyarrow's Parquet writer (26) refuses a null there.
    """
    if required is None and not _has_required(array.type):
        return array
    nulls = booleans(array.is_null())
    left = pa.array(nulls if required is None else nulls & ~required)
    match family(array.type):
        case "struct":
            members = [
                _filled(inner, None if member.nullable else nulls)
                for member, inner in zip(array.type, array.flatten(), strict=True)
            ]
            return pa.StructArray.from_arrays(members, fields=list(array.type), mask=left)
        case "list":
            lengths = pc.list_value_length(array).fill_null(0).to_numpy(zero_copy_only=False)
            return _listed(_filled(items_of(array)), lengths, array.type, left)
    value = texts_as_json(pa.array(["null"])) if is_json(array.type) else pa.array([_zero(array.type)], array.type)
    # The value stands after the array's own; take it wherever a required null is.
    indices = np.where(nulls & ~left.to_numpy(zero_copy_only=False), len(array), np.arange(len(array)))
    return pa.concat_arrays([array, value]).take(pa.array(indices))


def _has_required(kind: DataType) -> bool:
    match family(kind):
        case "struct":
            return any(not member.nullable or _has_required(member.type) for member in kind)
        case "list":
            return _has_required(kind.value_type)
    return False


def _zero(kind: DataType) -> Json:
    """Return some value of a type, to stand under a null."""
    return {"text": "", "binary": b"", "bool": False}.get(family(kind), 0)
