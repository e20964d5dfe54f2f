"""Turn Arrow types into messages of `contract.proto`, and group them by how their values are judged."""

from typing import Final

from schemaregistry.document import ArrowField, ArrowType
from schemaregistry.v1 import contract_pb2

TEMPORAL_FORMATS: Final = {
    **dict.fromkeys(("date32", "date64"), "date"),
    **dict.fromkeys(("time32", "time64"), "time"),
    "timestamp": "date-time",
}
"""The format that the text of a value has because of its type."""

# Types whose values are texts in JSON, and types whose values are numbers.
TEXTUAL: Final = frozenset(("utf8", "large_utf8", "binary", *TEMPORAL_FORMATS))
NUMERIC: Final = frozenset(
    (*(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)), "float32", "float64", "decimal128")
)


def field_message(field: ArrowField) -> contract_pb2.Field:
    """Return a field as a message, with its type and all inner fields."""
    metadata = [contract_pb2.Metadata(key=key, value=value) for key, value in sorted(field.metadata.items())]
    return contract_pb2.Field(
        name=field.name, type=type_message(field.type), nullable=field.nullable, metadata=metadata
    )


def type_message(kind: ArrowType) -> contract_pb2.Type:
    """Return a type as a message, with its parameters and all inner fields."""
    return contract_pb2.Type(
        name=contract_pb2.TypeName.Value(f"TYPE_NAME_{kind.name.upper()}"),
        unit=contract_pb2.Unit.Value(f"UNIT_{kind.unit.upper()}") if kind.unit else contract_pb2.UNIT_UNSPECIFIED,
        tz=kind.tz,
        precision=kind.precision or 0,
        scale=kind.scale or 0,
        index=type_message(kind.index) if kind.index else None,
        value=type_message(kind.value) if kind.value else None,
        fields=[field_message(field) for field in ((kind.item,) if kind.item else kind.fields)],
    )


def is_json(kind: ArrowType | None) -> bool:
    """Tell whether values are stored as JSON text, in which `null` is a value besides Arrow's null."""
    return kind is not None and kind.name == "json"


def value_type(kind: ArrowType) -> ArrowType:
    """Return the type of the values: for a dictionary that of its values, else the type itself."""
    return kind.value if kind.value else kind
