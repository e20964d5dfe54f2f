"""ValidateRecords: a small batch of JSON records against one document, with `format` asserted as it is for data.

Holds no file formats: `schemaregistry.data` checks files.
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
"""Errors in one answer: the first ones."""

MAX_MESSAGE: Final = 500
"""Characters of one error's message, which quotes the value at fault."""

MAX_VALUE: Final = 100
"""Characters of the value that it quotes."""

_VALUE: Final = "\0"
"""Stands for the value in the validator's messages: it would write all of it."""

_LONG_NUMBER: Final = re.compile(r"\d{24,}")


def validate(document: Document, data: bytes) -> pb.ValidateRecordsResponse:
    """Judge the JSON array `data`; raise InvalidArgument (as `loads`; NOT_AN_ARRAY) or TooLarge (TOO_MANY_RECORDS)."""
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
        value = value[step]  # the validator's own path
    return value


def brief(value: Json) -> str:
    """The beginning of a value's JSON, which is made no further than it is shown."""
    made = ""
    for part in json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).iterencode(value):
        made += shorter_numbers(part) if part[0] != '"' else part[: MAX_VALUE + 1]
        if len(made) > MAX_VALUE:
            break
    return cut(made, MAX_VALUE)


def shorter_numbers(text: str) -> str:
    """The text with the beginning of each long number alone: 1e308 is written with 309 digits otherwise."""
    return _LONG_NUMBER.sub(lambda digits: f"{digits[0][:6]}… ({len(digits[0])} digits)", text)
