"""Validate a small batch of JSON records against one document, for the RPC ValidateRecords.

`format` is asserted, as it is for files (which `schemaregistry.data` checks).
"""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

import jsonschema_rs

from schemaregistry.document import Document, Json, loads
from schemaregistry.document.message_text import cut
from schemaregistry.document.patterns import PATTERN_OPTIONS
from schemaregistry.document.strict_json import pointer
from schemaregistry.errors import InvalidArgument, TooLarge
from schemaregistry.v1 import registry_pb2 as pb

MAX_RECORDS: Final = 1000

MAX_ERRORS: Final = 100
"""Errors in one answer; further ones are left out."""

MAX_MESSAGE: Final = 500
"""Characters of one error's message."""

MAX_VALUE: Final = 100
"""Characters of the value at fault, which the message quotes."""

_VALUE: Final = "\0"
"""The validator's mask for a value in its messages, replaced by a short form: the validator would quote all of it."""

_LONG_NUMBER: Final = re.compile(r"\d{24,}")


def validate(document: Document, data: bytes) -> pb.ValidateRecordsResponse:
    """Validate the records in the JSON array `data`.

    Raises InvalidArgument where `data` is no JSON (as `document.loads`) or no array (NOT_AN_ARRAY), TooLarge
    (TOO_MANY_RECORDS) for more than MAX_RECORDS.
    """
    records = loads(data, what="batch")
    if not isinstance(records, list):
        raise InvalidArgument("Send the records as a JSON array: [{…}, {…}].", reason="NOT_AN_ARRAY", pointer="")
    if len(records) > MAX_RECORDS:
        raise TooLarge(
            f"{len(records):,} records are more than the {MAX_RECORDS:,} of one batch: send fewer, or check a file "
            "with `schemaregistry check`.",
            reason="TOO_MANY_RECORDS",
        )
    errors = list(islice(_errors(_validator(document), records), MAX_ERRORS))
    return pb.ValidateRecordsResponse(valid=not errors, version=str(document.version), errors=errors)


def _validator(document: Document) -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator(
        document.schema, validate_formats=True, pattern_options=PATTERN_OPTIONS, offline=True, mask=_VALUE
    )


def _errors(validator: jsonschema_rs.Draft7Validator, records: list[Json]) -> Iterator[pb.RecordError]:
    for index, record in enumerate(records):
        for error in validator.iter_errors(record):
            value = brief(_at(record, error.instance_path))
            message = shorter_numbers(error.message).replace(_VALUE, value, 1)
            yield pb.RecordError(
                index=index,
                pointer=pointer(error.instance_path),
                rule=error.kind.name,
                message=cut(message, MAX_MESSAGE),
            )


def _at(value: Json, path: list[str | int]) -> Json:
    for step in path:
        value = value[step]  # the validator's own path, so each step exists
    return value


def brief(value: Json) -> str:
    """The first MAX_VALUE characters of a value's JSON; no more of it is encoded."""
    made = ""
    for part in json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).iterencode(value):
        made += shorter_numbers(part) if part[0] != '"' else part[: MAX_VALUE + 1]
        if len(made) > MAX_VALUE:
            break
    return cut(made, MAX_VALUE)


def shorter_numbers(text: str) -> str:
    """Shorten each number of 24 digits or more to its first six: 1e308 may be written with 309 digits."""
    return _LONG_NUMBER.sub(lambda digits: f"{digits[0][:6]}… ({len(digits[0])} digits)", text)
