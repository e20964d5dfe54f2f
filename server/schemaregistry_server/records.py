"""ValidateRecords: a small batch of JSON records against one document, with `format` asserted as it is for data.

Holds no file formats: `schemaregistry.data` checks files.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Final

import jsonschema_rs

from schemaregistry.document import Json, loads
from schemaregistry.document.patterns import PATTERN_OPTIONS
from schemaregistry.document.reading import pointer
from schemaregistry.errors import InvalidArgument, TooLarge
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.catalog import Registered

MAX_RECORDS: Final = 1000

MAX_ERRORS: Final = 100
"""Errors in one answer: the first ones."""

MAX_MESSAGE: Final = 500
"""Characters of one error's message, which quotes the value at fault."""


def validate(registered: Registered, data: bytes) -> pb.ValidateRecordsResponse:
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
    errors = list(islice(_errors(_validator(registered), records), MAX_ERRORS))
    return pb.ValidateRecordsResponse(valid=not errors, version=registered.entry.version, errors=errors)


@lru_cache(maxsize=128)
def _validator(registered: Registered) -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator(
        registered.document.schema, validate_formats=True, pattern_options=PATTERN_OPTIONS, offline=True
    )


def _errors(validator: jsonschema_rs.Draft7Validator, records: list[Json]) -> Iterator[pb.RecordError]:
    for index, record in enumerate(records):
        for error in validator.iter_errors(record):
            yield pb.RecordError(
                index=index,
                pointer=pointer(error.instance_path),
                rule=error.kind.name,
                message=error.message[:MAX_MESSAGE],
            )
