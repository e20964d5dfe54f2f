"""Write protobuf messages as ProtoJSON with the proto's field names, byte for byte as a gateway in Go does."""

import json
from collections.abc import Iterable, Mapping

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message


def to_json(message: Message) -> dict[str, object]:
    """Convert a message to ProtoJSON with the proto's own field names, empty fields included (int64 as a string).

    Fields come in the order of the proto, and those of a Struct, which has no order, by name, as a gateway in Go writes
    them. Source: https://protobuf.dev/programming-guides/json/.
    """
    made = json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return _in_order(message.DESCRIPTOR.fields, made)  # type: ignore[arg-type]  # upb's own class of descriptors


def _in_order(fields: Iterable[FieldDescriptor], made: Mapping[str, object]) -> dict[str, object]:
    return {field.name: _nested(field, made[field.name]) for field in fields if field.name in made}


def _nested(field: FieldDescriptor, value: object) -> object:
    if field.message_type is None:
        return value
    if field.message_type.file.package == "google.protobuf":
        return plain(value)
    if isinstance(value, list):
        return [_in_order(field.message_type.fields, each) for each in value]
    return _in_order(field.message_type.fields, value) if isinstance(value, dict) else value


def plain(value: object) -> object:
    """Convert a JSON value to what a `google.protobuf.Value` of it prints: sorted members, whole floats as integers."""
    if isinstance(value, dict):
        return {name: plain(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [plain(each) for each in value]
    # ECMAScript writes an integer below 1e21 without a point (ECMA-262, Number::toString), as protobuf's printers do.
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e21 else value


def compact(value: object) -> str:
    """Write JSON without spaces between tokens."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def compact_in_parts(message: Mapping[str, object]) -> str:
    """Write the same text as `compact`, one item of a list at a time.

    For use on another thread: `json.dumps` holds the interpreter's lock for a whole call, so each call is kept short.
    """

    def value_of(value: object) -> str:
        return f"[{','.join(map(compact, value))}]" if isinstance(value, list) else compact(value)

    return f"{{{','.join(f'{compact(name)}:{value_of(value)}' for name, value in message.items())}}}"
