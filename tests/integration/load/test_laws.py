"""What `clean` and the quarantine promise of any file.

What goes on conforms; a cell that changed is in the list of repairs; all else goes on, or is set aside, as it was.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from schemaregistry.contract import compile_contract
from schemaregistry.data import Directory, Loaded, Quarantine, check, find, load
from schemaregistry.data.load.file_clean import Cleaned, clean
from schemaregistry.document import parse
from schemaregistry.v1.contract_pb2 import Contract

Json = Any
Row = dict[str, Json]
ALIASES = {"side": ("buy_sell",), "size": ("qty", "quantity")}
RULES: dict[str, list[Json]] = {
    "size": [{"type": "integer"}, {"type": "integer", "minimum": 1}, {"type": "integer", "multipleOf": 5}],
    "price": [{"type": "number"}, {"type": "number", "maximum": 100}],
    "side": [{"type": "string", "enum": ["B", "S"]}, {"type": "string", "pattern": "^[A-Z]$"}],
    "note": [{"type": "string"}, {"type": "string", "maxLength": 2}],
    "open": [{"type": "boolean"}, {"type": "boolean", "const": True}],
}
TYPES = {"size": "int32", "price": "float64", "side": "utf8", "note": "utf8", "open": "bool"}
TEXTS = ["B", " B", "S ", "\u00a0S\t", "b", "", " ", "5", " 5", "5 ", "05", "5.0", "1e1", "0.1", "+5", "0x5", "-5", "x"]
TEXTS += ["true", " false", "True", "null", "NaN", "inf", "2147483648", "1,5", 'a"b', "a b", "é ", "9" * 25]

NEAR: dict[str, list[Json]] = {
    "size": [5, 5.0, "5", " 5", "5 "],
    "price": [0.1, 5, "0.1", " 5.0", "1e1"],
    "side": ["B", " B", "S "],
    "note": ["", " ", "b", "é "],
    "open": [True, False, "true", " false"],
}
"""Values that conform, or do once they are repaired."""


def texts(column: str) -> st.SearchStrategy[Json]:
    near = [value if isinstance(value, str) else json.dumps(value) for value in NEAR.get(column, ())]
    return st.one_of(st.sampled_from(near or TEXTS), st.sampled_from(near or TEXTS), st.sampled_from(TEXTS))


def texts_and_none(column: str) -> st.SearchStrategy[Json]:
    return st.one_of(st.none(), texts(column), texts(column))


def values(column: str) -> st.SearchStrategy[Json]:
    odd = [*TEXTS, None, 7, 2**31, 2**53 + 1, 1e300, True, [], {}, [5]]
    near = st.sampled_from(NEAR.get(column, odd))
    return st.one_of(near, near, near, near, st.sampled_from(odd))


@dataclass
class Case:
    """A contract, and a file's columns with values for up to eight rows: few enough for each to be an example."""

    document: Row
    names: list[str]
    rows: list[Row]


@st.composite
def cases(draw: st.DrawFn, value: Callable[[str], st.SearchStrategy[Json]]) -> Case:
    columns = draw(st.lists(st.sampled_from(list(RULES)), min_size=1, unique=True))
    document: Row = {
        "$id": "made_v1",
        "version": "1.0.0",
        "type": "object",
        "properties": {name: draw(st.sampled_from(RULES[name])) for name in columns},
        "required": draw(st.lists(st.sampled_from(columns), unique=True, max_size=1)),
        "additionalProperties": draw(st.booleans()),
        "arrow": {"fields": [{"name": name, "type": {"name": TYPES[name]}} for name in columns]},
    }
    if draw(st.integers(0, 3)) == 0 and "side" in columns:
        document |= {"if": {"properties": {"side": {"const": "B"}}}, "then": {"required": draw(names_of(columns))}}
    found = {draw(st.sampled_from([name] * 4 + [f" {name}", *ALIASES.get(name, ())])): name for name in columns}
    names = draw(st.permutations([*found, *draw(st.lists(st.just("extra"), max_size=1))]))
    row = st.fixed_dictionaries({name: value(found.get(name, name)) for name in names})
    rows = draw(st.lists(row, min_size=1, max_size=8))
    return Case(document, list(names), rows)


def names_of(columns: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(columns), unique=True, max_size=2)


class Judged:
    """A case that was cleaned, in a folder that had nothing in it before."""

    def __init__(self, case: Case, path: Path) -> None:
        self.case = case
        self.contract = compile_contract(parse(json.dumps(case.document).encode()))
        self.cleaned = cleaned(path, self.contract)
        self.report = self.cleaned.loaded.report
        assert self.report.error is None
        self.out, self.aside = rows_of(self.cleaned.loaded)

    def kept(self) -> Iterator[tuple[int, Row]]:
        """The rows that went on, by their numbers in the file."""
        refused = {row["_row"] for row in self.aside}
        return zip((row for row in range(len(self.case.rows)) if row not in refused), self.out, strict=True)

    def came_from(self, column: str, row: int) -> str | None:
        """The file's name for a column that one of its rows has, as the repairs tell it."""
        here = self.case.rows[row]
        renames = [each.before for each in self.cleaned.repairs if each.kind == "rename" and each.column == column]
        return next((name for name in [column, *renames] if name in here), None)

    def listed(self, column: str, row: int) -> tuple[Json, Json] | None:
        """What the repairs say that a cell was, and is."""
        pairs = {
            (example.before, example.after)
            for repair in self.cleaned.repairs
            if repair.column == column
            for example in repair.examples
            if example.row == row
        }
        assert len(pairs) <= 1
        return next(iter(pairs), None)


def cleaned(path: Path, contract: Contract) -> Cleaned:
    folder = path.parent / f"{path.name}.cleaned"
    return clean(
        find([str(path)]),
        contract,
        lambda schema: Directory(folder / "out", schema, "rows"),
        lambda: Quarantine(folder / "aside", "rows"),
        aliases=ALIASES,
    )


def hold_the_laws(case: Case, path: Path, same: Callable[[str, Json, Json], bool]) -> Judged:
    """`same` tells whether a value of the file is, in a column, what was handed on, so that nothing need be listed."""
    judged = Judged(case, path)
    assert len(judged.out) + len(judged.aside) == len(case.rows)
    for row, handed_on in judged.kept():
        for column, after in handed_on.items():
            name = judged.came_from(column, row)
            before = None if name is None else case.rows[row][name]
            if not same(column, before, after):
                assert judged.listed(column, row) == (before, after), (column, row)
    if judged.out:
        again = find([str(judged.cleaned.loaded.place)])
        assert check(again, judged.contract).verdict == "conforms"
        twice = cleaned(Path(again[0].path), judged.contract)
        assert twice.repairs == ()
        assert pq.read_table(twice.loaded.place).equals(pq.read_table(again[0].path))
    return judged


def part_rows(case: Case, path: Path, same: Callable[[str, Json, Json], bool]) -> list[Row]:
    """A load with a quarantine repairs nothing: the rows that it set aside are those that a check refuses."""
    contract = compile_contract(parse(json.dumps(case.document).encode()))
    folder = path.parent / f"{path.name}.parted"
    loaded = load(
        find([str(path)]),
        contract,
        lambda schema: Directory(folder / "out", schema, "rows"),
        policy=lambda: Quarantine(folder / "aside", "rows"),
    )
    out, aside = rows_of(loaded)
    report = check(find([str(path)]), contract)
    broken: dict[int, set[tuple[str | None, str]]] = {}
    for violation in report.violations:
        for example in violation.examples:
            broken.setdefault(example.row, set()).add((violation.column, violation.rule))
    assert {row["_row"]: set(zip(row["_column"], row["_rule"], strict=True)) for row in aside} == broken
    kept = [row for number, row in enumerate(case.rows) if number not in broken]
    for before, after in zip(kept, out, strict=True):
        assert all(same(column, before.get(column), value) for column, value in after.items())
    if out:
        assert check(find([str(loaded.place)]), contract).verdict == "conforms"
    return aside


def rows_of(loaded: Loaded) -> tuple[list[Row], list[Row]]:
    """The rows that went on, and those that were set aside."""
    out = pq.read_table(loaded.place).to_pylist() if loaded.place else []
    aside = Path(loaded.quarantine).glob("*.parquet") if loaded.quarantine else ()
    return out, [row for file in aside for row in pq.read_table(file).to_pylist()]


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """`folder()`: a new one."""
    return lambda: tmp_path_factory.mktemp("made")


law = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@law
@given(case=cases(values))
def test_lines_of_json(case: Case, folder: Callable[[], Path]) -> None:
    lines = [json.dumps(row, ensure_ascii=False) for row in case.rows]
    path = folder() / "t.ndjson"
    path.write_text("".join(f"{line}\n" for line in lines))
    judged = hold_the_laws(case, path, same_in_lines)
    for row in judged.aside + part_rows(case, path, same_in_lines):
        assert row["_text"] == lines[row["_row"]]


def same_in_lines(column: str, before: Json, after: Json) -> bool:
    """A number of a text format is read as the nearest one that a column of floats holds."""
    if TYPES[column] == "float64" and isinstance(before, int) and not isinstance(before, bool):
        before = float(before)
    return same_value(column, before, after)


def same_value(column: str, before: Json, after: Json) -> bool:
    """JSON has one kind of number; truth is none."""
    return before == after and isinstance(before, bool) == isinstance(after, bool)


@law
@given(case=cases(texts_and_none))
def test_fields_of_csv(case: Case, folder: Callable[[], Path]) -> None:
    """None stands for an empty field without quotes."""
    lines = [",".join(map(quoted, row)) for row in (case.names, *([row[n] for n in case.names] for row in case.rows))]
    assume(all(lines))  # An empty line is no row.
    path = folder() / "t.csv"
    path.write_text("".join(f"{line}\n" for line in lines))
    judged = hold_the_laws(case, path, same_in_csv)
    for row in judged.aside + part_rows(case, path, same_in_csv):
        assert {name: row[name] for name in case.names} == case.rows[row["_row"]]


def quoted(field: str | None) -> str:
    return "" if field is None else '"' + field.replace('"', '""') + '"'


def same_in_csv(column: str, before: str | None, after: Json) -> bool:
    """A field is a text; of another type it is what is written, to the letter but for the zeros of a number."""
    if before is None or after is None or TYPES[column] == "utf8":
        return before == after
    if TYPES[column] == "bool":
        return before.lower() == str(after).lower()
    return re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)?(e[0-9]+)?", before) is not None and float(before) == after


ARROW: dict[str, pa.DataType] = {
    "text": pa.string(),
    "int64": pa.int64(),
    "int32": pa.int32(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    "dictionary": pa.dictionary(pa.int8(), pa.string()),
}
NUMBERS: dict[str, list[Json]] = {
    "int64": [5, -5, 0, 7, 2**31, 2**53 + 1],
    "int32": [5, -5, 0, 7],
    "double": [5.0, 0.1, -5.0, 2.0**31, float("inf")],
    "bool": [True, False],
}
AS_IS = {"size": "int32", "price": "double", "side": "text", "note": "text", "open": "bool"}


def columns(column: str) -> st.SearchStrategy[Json]:
    return st.tuples(texts_and_none(column), st.integers(0, 99))


@law
@given(case=cases(columns), data=st.data())
def test_columns_of_parquet(case: Case, data: st.DataObject, folder: Callable[[], Path]) -> None:
    kinds = {name: data.draw(st.sampled_from(list(ARROW))) for name in case.names}
    for row in case.rows:
        for name, (text, number) in row.items():
            numbers = [*NUMBERS.get(kinds[name], ()), None]
            row[name] = text if kinds[name] not in NUMBERS else numbers[number % len(numbers)]
    path = folder() / "t.parquet"
    arrays = {name: pa.array([row[name] for row in case.rows], ARROW[kind]) for name, kind in kinds.items()}
    pq.write_table(pa.table(arrays), path)
    judged = hold_the_laws(case, path, same_value)
    for row in judged.aside + part_rows(case, path, same_value):
        assert {name: row[name] for name in case.names} == case.rows[row["_row"]]
    listed = {repair.column for repair in judged.cleaned.repairs if repair.kind == "cast"}
    for column in judged.out[0] if judged.out else ():
        name = judged.came_from(column, 0)
        if name and kinds[name] != "dictionary" and any(row[column] is not None for row in judged.out):
            assert (column in listed) == (kinds[name] != AS_IS[column])
