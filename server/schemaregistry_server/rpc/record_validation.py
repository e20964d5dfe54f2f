"""ValidateRecords: judge a small batch of JSON records by a document, as a check judges the lines of an NDJSON file.

`schemaregistry.data` evaluates each record; this module bounds the batch and words the answer.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, islice
from typing import Final

from schemaregistry.contract import compile_contract
from schemaregistry.data.arrow import json_text
from schemaregistry.data.engine.plan import Plan
from schemaregistry.data.engine.record_evaluation import RecordEvaluator, RecordFault
from schemaregistry.data.engine.records import read_exactly, read_line
from schemaregistry.data.engine.validator import VALUE
from schemaregistry.document import Document, Json, loads
from schemaregistry.document.message_text import cut
from schemaregistry.document.strict_json import pointer
from schemaregistry.errors import InvalidArgument, TooLarge
from schemaregistry.v1 import registry_pb2 as pb

MAX_RECORDS: Final = 1000

MAX_ERRORS: Final = 1000
"""Errors in one answer; at least MAX_RECORDS, so that every failing record is named."""

MAX_TEXT: Final = 1 << 20
"""Bytes of pointers and messages in an answer; where there are more, it has only the first error of each record.

Those alone stay near this limit, too: their pointers are made of names in the batch, whose size is limited. gRPC
clients take messages of 4 MiB.
"""

MAX_MESSAGE: Final = 500
"""Characters of one error's message."""

MAX_VALUE: Final = 100
"""Characters of the value at fault, which the message quotes."""

_LONG_NUMBER: Final = re.compile(r"\d{24,}")


@dataclass(frozen=True, slots=True)
class _RecordFaults:
    index: int
    record: Json
    faults: list[RecordFault]


class RecordJudge:
    """A document's rules, compiled once for any number of batches."""

    def __init__(self, document: Document) -> None:
        """Compile the document. Raises InvalidArgument as `compile_contract` does."""
        plan = Plan.of(compile_contract(document))
        self._version = str(document.version)
        self._evaluator = RecordEvaluator(plan)
        self._read = read_exactly if plan.has_decimals else read_line

    def validate(self, data: bytes) -> pb.ValidateRecordsResponse:
        """Judge the JSON array `data`.

        Raises InvalidArgument (as `loads`; NOT_AN_ARRAY) or TooLarge (TOO_MANY_RECORDS).
        """
        records = loads(data, what="batch", beyond=json_text.any_number)
        if not isinstance(records, list):
            raise InvalidArgument("Send the records as a JSON array: [{…}, {…}].", reason="NOT_AN_ARRAY", pointer="")
        if len(records) > MAX_RECORDS:
            raise TooLarge(
                f"{len(records):,} records are more than the {MAX_RECORDS:,} of one batch: send fewer, or check a file "
                "with `schemaregistry check`.",
                reason="TOO_MANY_RECORDS",
            )
        failing = list(self._failing(records, data))
        errors = _errors(failing)
        return pb.ValidateRecordsResponse(
            valid=not failing,
            version=self._version,
            errors=errors,
            records_failing=len(failing),
            errors_omitted=sum(len(each.faults) for each in failing) - len(errors),
        )

    def _failing(self, records: list[Json], data: bytes) -> Iterator[_RecordFaults]:
        """Yield the records that fail. `records` are shown in messages; `data` is read as a check reads NDJSON."""
        try:
            exact = self._read(data)
        except ValueError as error:
            raise InvalidArgument(f"Not JSON that can be checked: {error}.", reason="NOT_JSON") from None
        for index, value in enumerate(exact):
            faults = list(self._evaluator.faults(value))
            if faults:
                yield _RecordFaults(index, records[index], faults)


def _errors(failing: list[_RecordFaults]) -> list[pb.RecordError]:
    """Word each record's first fault, and further ones while there is room; in the order of the records."""
    chosen = {each.index: [_worded(each, each.faults[0])] for each in failing}
    text = sum(_size(error) for (error,) in chosen.values())
    further = chain.from_iterable(((each, fault) for fault in islice(each.faults, 1, None)) for each in failing)
    for each, fault in islice(further, MAX_ERRORS - len(chosen)):
        error = _worded(each, fault)
        text += _size(error)
        if text > MAX_TEXT:
            break
        chosen[each.index].append(error)
    return [error for errors in chosen.values() for error in errors]


def _size(error: pb.RecordError) -> int:
    return len(error.pointer.encode()) + len(error.message.encode())


def _worded(failing: _RecordFaults, fault: RecordFault) -> pb.RecordError:
    value = brief(_at(failing.record, fault.path))
    message = shorter_numbers(fault.message).replace(VALUE, value, 1)
    return pb.RecordError(
        index=failing.index, pointer=pointer(fault.path), rule=fault.rule, message=cut(message, MAX_MESSAGE)
    )


def _at(value: Json, path: Iterable[str | int]) -> Json:
    for step in path:
        value = value[step]  # the evaluator's own path, so each step exists
    return value


def brief(value: Json) -> str:
    """The first MAX_VALUE characters of a value's JSON; no more of it is encoded."""
    if isinstance(value, Decimal):
        return cut(shorter_numbers(str(value)), MAX_VALUE)
    made = ""
    for part in json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).iterencode(value):
        made += shorter_numbers(part) if part[0] != '"' else part[: MAX_VALUE + 1]
        if len(made) > MAX_VALUE:
            break
    return cut(made, MAX_VALUE)


def shorter_numbers(text: str) -> str:
    """Shorten each number of 24 digits or more to its first six: 1e308 may be written with 309 digits."""
    return _LONG_NUMBER.sub(lambda digits: f"{digits[0][:6]}… ({len(digits[0])} digits)", text)
