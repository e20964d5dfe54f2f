"""Convert the contract's Arrow types to pyarrow's, classify types, and name them for people."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, TypeAlias

import pyarrow as pa
import pyarrow.types as pt
from pyarrow import compute

from schemaregistry.v1 import contract_pb2

Array: TypeAlias = Any
"""A `pyarrow.Array`: the class is known at run time only, and pyarrow's stubs have no common name for it."""
DataType: TypeAlias = Any
"""A `pyarrow.DataType`, for the same reason."""
Field: TypeAlias = Any
"""A `pyarrow.Field`, for the same reason."""
Table: TypeAlias = Any
"""A `pyarrow.Table`, for the same reason."""
pc: Any = compute
"""`pyarrow.compute`, untyped: the result types of its functions depend on the arrays."""

_UNITS: Final = {1: "s", 2: "ms", 3: "us", 4: "ns"}
UTC: Final = frozenset(("UTC", "Etc/UTC", "Z", "+00:00", "+0000", "GMT", "Etc/GMT"))
"""Names of UTC."""

JSON: Final = pa.json_(pa.string())
"""Any JSON value, stored as its text: `arrow.json`."""

_PLAIN: Final[Mapping[str, DataType]] = {
    **{f"{sign}int{bits}": getattr(pa, f"{sign}int{bits}")() for sign in ("", "u") for bits in (8, 16, 32, 64)},
    "float32": pa.float32(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "utf8": pa.string(),
    "large_utf8": pa.large_string(),
    "binary": pa.binary(),
    "date32": pa.date32(),
    "date64": pa.date64(),
    "json": JSON,
}

_PARAMETRIC: Final[Mapping[str, Callable[[contract_pb2.Type], DataType]]] = {
    "time32": lambda kind: pa.time32(_UNITS[kind.unit]),
    "time64": lambda kind: pa.time64(_UNITS[kind.unit]),
    "timestamp": lambda kind: pa.timestamp(_UNITS[kind.unit], kind.tz if kind.HasField("tz") else None),
    "decimal128": lambda kind: pa.decimal128(kind.precision, kind.scale),
    "dictionary": lambda kind: pa.dictionary(arrow_type(kind.index), arrow_type(kind.value)),
    "list": lambda kind: pa.list_(arrow_field(kind.fields[0])),
    "struct": lambda kind: pa.struct([arrow_field(field) for field in kind.fields]),
}

_FAMILIES: Final[Mapping[str, tuple[Callable[[DataType], bool], ...]]] = {
    "null": (pt.is_null,),
    "bool": (pt.is_boolean,),
    "int": (pt.is_integer,),
    "float": (pt.is_floating,),
    "decimal": (pt.is_decimal,),
    "text": (pt.is_string, pt.is_large_string, pt.is_string_view),
    "binary": (pt.is_binary, pt.is_large_binary, pt.is_fixed_size_binary, pt.is_binary_view),
    "date": (pt.is_date,),
    "time": (pt.is_time,),
    "timestamp": (pt.is_timestamp,),
    "list": (pt.is_list, pt.is_large_list, pt.is_fixed_size_list, pt.is_list_view, pt.is_large_list_view),
    "struct": (pt.is_struct,),
}

_JSON: Final = {
    "bool": "boolean",
    "int": "integer",
    "float": "number",
    "decimal": "number",
    **dict.fromkeys(("text", "binary", "date", "time", "timestamp"), "string"),
    "list": "array",
    "struct": "object",
}


def arrow_type(message: contract_pb2.Type) -> DataType:
    """Convert a contract's type to pyarrow's."""
    name = type_name(message)
    return _PLAIN[name] if name in _PLAIN else _PARAMETRIC[name](message)


def arrow_field(message: contract_pb2.Field) -> Field:
    """Convert a contract's field to pyarrow's."""
    metadata = {item.key: item.value for item in message.metadata}
    return pa.field(message.name, arrow_type(message.type), message.nullable, metadata or None)


def arrow_schema(contract: contract_pb2.Contract) -> pa.Schema:
    """Return the Arrow schema of loaded rows, with the contract's id, version and fingerprint in its metadata."""
    names: dict[bytes | str, bytes | str] = {
        "schemaregistry.id": contract.id,
        "schemaregistry.version": contract.version,
        "schemaregistry.fingerprint": contract.fingerprint,
    }
    return pa.schema([arrow_field(column.field) for column in contract.columns], names)


def type_name(message: contract_pb2.Type) -> str:
    """Return a type's name as in the arrow block, such as `int32`."""
    return contract_pb2.TypeName.Name(message.name).removeprefix("TYPE_NAME_").lower()


def value_type(kind: DataType) -> DataType:
    """Return the type of the values in a dictionary, run-end encoding or extension type; another type unchanged."""
    if isinstance(kind, pa.DictionaryType | pa.RunEndEncodedType):
        return value_type(kind.value_type)
    if isinstance(kind, pa.BaseExtensionType):
        return value_type(kind.storage_type)
    return kind


def is_json(kind: DataType) -> bool:
    """Whether a type is `arrow.json`."""
    return isinstance(kind, pa.JsonType)


def contract_type(kind: DataType) -> DataType:
    """Return the type of the values of a contract's type; json stays json."""
    return kind if is_json(kind) else value_type(kind)


@cache
def family(kind: DataType) -> str:
    """Return a type's family, whatever its layout and width: `int`, `text`, `list`, …

    It is `other` for types that no contract names.
    """
    if is_json(kind):
        return "json"
    values = value_type(kind)
    return next((name for name, tests in _FAMILIES.items() if any(test(values) for test in tests)), "other")


@cache
def json_kind(kind: DataType) -> str:
    """Return the JSON type of a type's values: `number` for all floats; empty for a type that no contract names."""
    return _JSON.get(family(kind), "")


def described(kind: DataType) -> str:
    """Return a type's name in the words of the arrow block: `utf8`, `timestamp[us, UTC]`, `list<float64>`."""
    if isinstance(kind, pa.DictionaryType):
        return f"dictionary<{described(kind.index_type)}, {described(kind.value_type)}>"
    match family(kind):
        case "json":
            return "json"
        case "timestamp":
            return f"timestamp[{kind.unit}{f', {kind.tz}' if kind.tz else ''}]"
        case "list":
            return f"list<{described(kind.value_type)}>"
        case "struct":
            return f"struct<{', '.join(f'{field.name}: {described(field.type)}' for field in kind)}>"
    return _NAMES.get(str(kind), str(kind))


_NAMES: Final = {
    "string": "utf8",
    "large_string": "large_utf8",
    "double": "float64",
    "float": "float32",
    "halffloat": "float16",
    "date32[day]": "date32",
    "date64[ms]": "date64",
}
"""Types that pyarrow names otherwise than the arrow block."""
