"""Repair JSON records as batches are repaired: rename members by alias, cast texts exactly, trim white space.

No value is invented: one that can't be repaired stays as it is, and is evaluated so.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from schemaregistry.data.arrow import text_parsing
from schemaregistry.data.arrow.types import described, family
from schemaregistry.data.arrow.values import to_json
from schemaregistry.data.clean.batch_repair import AS_IT_IS, FROM_TEXT, WHITESPACE, renamed
from schemaregistry.data.clean.conventions import Conventions
from schemaregistry.data.clean.repairs import Done, ValueRepair
from schemaregistry.data.engine.plan import Place, Plan
from schemaregistry.data.engine.record_evaluation import RecordEvaluator
from schemaregistry.data.engine.records import Records, read_exactly, read_line
from schemaregistry.data.readers.rows import LineRows
from schemaregistry.data.report.unreadable import UnreadableFile
from schemaregistry.document import Json

_TIMES: Final = ("date", "timestamp")


class RecordMender:
    """Repairs records for a plan."""

    def __init__(self, plan: Plan, aliases: Mapping[str, Sequence[str]], conventions: Conventions = AS_IT_IS) -> None:
        self._conventions = conventions
        self._plan = plan
        self._aliases = aliases
        self._evaluator = RecordEvaluator(plan)
        self._columns = [str(place.name) for place in plan.columns]

    def mend(self, records: Records) -> tuple[Records, list[ValueRepair]]:
        """Repair records; return them and the repairs."""
        found: dict[Done, dict[int, tuple[Json, Json]]] = {}
        values: list[Json] = []
        renames: list[Mapping[str, str]] = []
        for index, record in enumerate(records.values):
            values.append(record)
            renames.append({})
            if isinstance(record, dict):
                names = renamed(list(record), self._columns, self._aliases)
                renames[-1] = {after: before for before, after in names.items()}
                values[-1], done = self._mended(record, names)
                for what, pair in done.items():
                    found.setdefault(what, {})[index] = pair
        changes = [_change(done, pairs, len(values)) for done, pairs in found.items()]
        return Records(values, records.lines, records.texts, renames), changes

    def _mended(
        self, record: Mapping[str, Json], names: Mapping[str, str]
    ) -> tuple[dict[str, Json], dict[Done, tuple[Json, Json]]]:
        """Return a repaired record, renamed as `names` says, and each repair with the values before and after."""
        mended = {names.get(name, name): value for name, value in record.items()}
        done = {Done("rename", after, before, after): (None, None) for before, after in names.items()}
        for place in self._plan.columns:
            value = mended.get(str(place.name))
            if isinstance(value, str):
                done |= self._mend_text(mended, place, value)
            elif isinstance(value, int) and not isinstance(value, bool):
                done |= self._mend_time(mended, place, value)
        return mended, done

    def _mend_time(self, record: dict[str, Json], place: Place, number: int) -> dict[Done, tuple[Json, Json]]:
        """Repair a number that is a time since 1970."""
        name = str(place.name)
        is_time = place.kind is not None and self._conventions.apply_to(place.kind) and family(place.kind) in _TIMES
        text = self._conventions.time_of(number, place.kind) if is_time else None
        read = None if text is None else _read(place, text)
        if read is None or not self._evaluator.holds({name: read}):
            return {}
        record[name] = read
        return {Done("cast", name, self._conventions.name(place.kind), described(place.kind)): (number, read)}

    def _mend_text(self, record: dict[str, Json], place: Place, text: str) -> dict[Done, tuple[Json, Json]]:
        """Repair a member that is a string."""
        name = str(place.name)
        if family(place.kind) == "text":
            return self._trim(record, name, text)
        # A string that the type holds already, such as an RFC 3339 time, needs no repair.
        if family(place.kind) not in FROM_TEXT or self._evaluator.holds({name: text}):
            return {}
        short = text.strip(WHITESPACE)
        read = next((value for value in (_read(place, text), _read(place, short)) if value is not None), None)
        if read is None or not self._evaluator.holds({name: read}):
            return {}
        record[name] = read
        done: dict[Done, tuple[Json, Json]] = {}
        if not isinstance(read, str) or read != short:
            done[Done("cast", name, "string", described(place.kind))] = (text, read)
        if short != text:
            done[Done("trim", name)] = (text, read)
        return done

    def _trim(self, record: dict[str, Json], name: str, text: str) -> dict[Done, tuple[Json, Json]]:
        """Trim a string that conforms only without surrounding white space, unless that breaks another rule."""
        short = text.strip(WHITESPACE)
        if short == text:
            return {}
        before = self._evaluator.broken(record)
        if not any(key.column == name for key in before):
            return {}
        after = self._evaluator.broken({**record, name: short})
        if any(key.column == name or key not in before for key in after):
            return {}
        record[name] = short
        return {Done("trim", name): (text, short)}


def _read(place: Place, text: str) -> Json:
    """Read a text as a CSV field is read, and return it as JSON; None where it can't be read."""
    values, _ = text_parsing.read(pa.array([text], pa.string()), place.kind)
    return to_json(values)[0]


def _change(done: Done, pairs: Mapping[int, tuple[Json, Json]], count: int) -> ValueRepair:
    mask = np.zeros(count, bool)
    mask[list(pairs)] = True
    return ValueRepair(done, mask, None if done.kind == "rename" else pairs.__getitem__)


def as_records(plan: Plan, lines: LineRows, path: str) -> Records:
    """Parse the lines of a batch one by one. Raises UnreadableFile (NOT_JSON) for a line that isn't JSON."""
    exact = any(place.kind is not None and family(place.kind) == "decimal" for place in plan.places)
    texts = [lines.text_of(row) for row in range(lines.count)]
    numbers = [lines.line_of(row) or 0 for row in range(lines.count)]
    values = []
    for number, text in zip(numbers, texts, strict=True):
        try:
            values.append((read_exactly if exact else read_line)(text))
        except ValueError as error:
            raise UnreadableFile(path, "NOT_JSON", f"not JSON: {error}", line=number) from None
    return Records(values, numbers, texts)


def may_hold(lines: LineRows, aliases: Mapping[str, Sequence[str]]) -> bool:
    """Whether the lines may have a member with the name of an alias."""
    names = tuple(f'"{alias}"'.encode() for former in aliases.values() for alias in former)
    # An escape may spell the alias otherwise than its bytes.
    return any(name in text or b"\\" in text for text in map(lines.text_of, range(lines.count)) for name in names)
