"""How pandas (3 and later) holds each Arrow type, by the names that Great Expectations uses for a column's type.

pandas isn't imported: only names are needed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from schemaregistry.v1 import contract_pb2

_SMALL: Final = ("int8", "int16", "uint8", "uint16")
_INTEGERS: Final = (*_SMALL, "int32", "uint32", "int64")
"""uint64 is left out: Great Expectations compares its greatest values as floats."""
_FLOATS: Final = ("float16", "float32", "float64")
_NULLABLE: Final = tuple(f"{kind.replace('i', 'I', 1).replace('uI', 'UI')}Dtype" for kind in _INTEGERS)
"""The names of pandas' nullable integer types: `Int64Dtype`, `UInt8Dtype`."""


@dataclass(frozen=True, slots=True)
class FrameType:
    """How pandas holds the values of the Arrow type `name`.

    `dtype` is the dtype that every such column has; where columns may differ it is empty, and `types` lists what they
    may have: dtypes, or the Python types of a column's objects. `family` groups types that are judged alike, `json` is
    the JSON type of the values, `format` their format as text. `low` and `high` are the least and greatest number of
    the Arrow type; for a decimal, the integers just beyond these.
    """

    name: str
    family: str
    json: str
    dtype: str = ""
    types: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    format: str = ""


def frame_type(kind: contract_pb2.Type) -> FrameType:
    """Return the type of a column that pandas reads from a file with the contract's Arrow types."""
    name = contract_pb2.TypeName.Name(kind.name).removeprefix("TYPE_NAME_").lower()
    if name == "dictionary":
        return _dictionary(kind)
    if name == "timestamp":
        unit = contract_pb2.Unit.Name(kind.unit).removeprefix("UNIT_").lower()
        zone = f", {kind.tz}" if kind.HasField("tz") else ""
        return FrameType(name, "timestamp", "string", dtype=f"datetime64[{unit}{zone}]", format="date-time")
    if name == "decimal128":
        beyond = 10 ** (kind.precision - kind.scale)
        return FrameType(name, "decimal", "number", types=("Decimal", *_INTEGERS), low=-beyond, high=beyond)
    return _integer(name) if "int" in name else _PLAIN[name]


def _dictionary(kind: contract_pb2.Type) -> FrameType:
    """Return a categorical column with the dictionary's values."""
    values = frame_type(kind.value)
    return FrameType(
        "dictionary",
        values.family,
        values.json,
        dtype="category",
        low=values.low,
        high=values.high,
        format=values.format,
    )


def _integer(name: str) -> FrameType:
    """Return the type of an integer column; pandas turns integers with nulls into floats, so those are allowed."""
    bits = int(name.rpartition("int")[2])
    low, high = (0, 2**bits - 1) if name.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return FrameType(name, "int", "integer", types=(*_INTEGERS, *_NULLABLE, *_FLOATS), low=low, high=high)


_PLAIN: Final[Mapping[str, FrameType]] = {
    "float32": FrameType("float32", "float", "number", types=("float16", "float32", *_SMALL)),
    "float64": FrameType("float64", "float", "number", types=(*_FLOATS, *_SMALL, "int32", "uint32")),
    "bool": FrameType("bool", "bool", "boolean", types=("bool", "BooleanDtype")),
    "utf8": FrameType("utf8", "text", "string", dtype="str"),
    "large_utf8": FrameType("large_utf8", "text", "string", dtype="str"),
    "binary": FrameType("binary", "binary", "string", types=("bytes",)),
    **{name: FrameType(name, "date", "string", types=("date",), format="date") for name in ("date32", "date64")},
    **{name: FrameType(name, "time", "string", types=("time",), format="time") for name in ("time32", "time64")},
    "json": FrameType("json", "json", "", types=("str",)),
    "list": FrameType("list", "list", "array", dtype="object"),
    "struct": FrameType("struct", "struct", "object", types=("dict",)),
}
