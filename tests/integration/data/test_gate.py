"""The gate as a library: all rows are handed on, as the contract has them, or none."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devtools.make_ticks import Ticks, make
from schemaregistry.contract import compile_contract
from schemaregistry.data import Directory, Loaded, find, load
from schemaregistry.data.readers.json_batch import RecordLayout
from schemaregistry.document import parse
from schemaregistry.errors import InvalidArgument
from schemaregistry.v1.contract_pb2 import Contract

ROOT = Path(__file__).resolve().parents[3]


def into(folder: Path) -> Callable[[pa.Schema], Directory]:
    return lambda schema: Directory(folder, schema, "rows")


def loaded(source: Path, contract: Contract, folder: Path) -> Loaded:
    return load(find([str(source)]), contract, into(folder))


@pytest.mark.parametrize("kind", ["parquet", "csv", "ndjson"])
def test_rows_come_out_as_the_contract_has_them(tmp_path: Path, ticks: Contract, kind: str) -> None:
    make(tmp_path / f"t.{kind}", Ticks(5_000, kind))
    make(tmp_path / "same.parquet", Ticks(5_000))
    result = loaded(tmp_path / f"t.{kind}", ticks, tmp_path / "out")
    assert result.report.verdict == "conforms"
    assert result.place is not None
    table = pq.read_table(result.place)
    assert [(field.name, str(field.type), field.nullable) for field in table.schema] == [
        ("ts", "timestamp[us]", False),
        ("symbol", "string", False),
        ("price", "double", False),
        ("size", "int32", False),
        ("side", "string", True),
        ("venue", "string", True),
    ]
    assert table.schema.metadata[b"schemaregistry.id"] == b"ticks_v1"
    assert table.equals(pq.read_table(tmp_path / "same.parquet").cast(table.schema))


@pytest.mark.parametrize("fault", ["bad_enum", "truncated", "null_in_required", "int32_overflow"])
@pytest.mark.parametrize("kind", ["parquet", "csv", "ndjson"])
def test_nothing_is_there_after_a_halt(tmp_path: Path, ticks: Contract, kind: str, fault: str) -> None:
    make(tmp_path / f"t.{kind}", Ticks(5_000, kind, fault, fault_rows=1))
    result = loaded(tmp_path / f"t.{kind}", ticks, tmp_path / "out")
    assert result.place is None
    assert result.report.exit_code == (3 if fault == "truncated" else 1)
    assert not (tmp_path / "out").exists()


def test_a_directory_keeps_what_it_had_when_a_load_halts(tmp_path: Path, ticks: Contract) -> None:
    make(tmp_path / "good.parquet", Ticks(100))
    make(tmp_path / "bad.parquet", Ticks(100, fault="bad_enum"))
    loaded(tmp_path / "good.parquet", ticks, tmp_path / "out")
    before = sorted((tmp_path / "out").iterdir())
    loaded(tmp_path / "bad.parquet", ticks, tmp_path / "out")
    assert sorted((tmp_path / "out").iterdir()) == before


def test_several_files_are_one_load_all_of_them_or_none(tmp_path: Path, ticks: Contract) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for index, kind in enumerate(["parquet", "csv", "ndjson"]):
        make(source / f"{index}.{kind}", Ticks(100, kind, seed=index))
    result = load(find([str(source)]), ticks, into(tmp_path / "out"))
    assert result.place is not None
    assert pq.read_metadata(result.place).num_rows == 300
    make(source / "4.csv", Ticks(100, "csv", "bad_enum"))
    assert load(find([str(source / "*.*")]), ticks, into(tmp_path / "other")).place is None


WITHIN = {
    "x": {"type": "integer"},
    "s": {"enum": ["a", None]},
    "l": {"type": "array", "items": {"type": "string"}},
    "j": {},
}
OBJECT = {"type": "object", "properties": {**WITHIN, "n": {"type": "object", "properties": WITHIN}}}
OBJECT |= {"required": ["x", "l", "n"]}
OBJECT["properties"]["n"] |= {"required": ["x", "l"]}


@pytest.mark.parametrize("name", ["t.ndjson", "t.arrow", "t.parquet"])
@pytest.mark.parametrize("only_nulls", [False, True])
def test_an_object_that_is_null_needs_none_of_its_members(tmp_path: Path, name: str, *, only_nulls: bool) -> None:
    items = {"type": "array", "items": {**OBJECT, "type": ["object", "null"]}}
    document = {"$id": "o_v1", "version": "1.0.0", "type": "object", "properties": {"o": OBJECT, "l": items}}
    contract = compile_contract(parse(json.dumps(document).encode()))
    inner = {"x": 1, "s": "a", "l": ["q"]}
    there = {**inner, "n": inner}
    rows: list[Any] = (
        [{"o": None, "l": None}] if only_nulls else [{"o": there, "l": [there, None]}, {"o": None, "l": []}]
    )
    (tmp_path / "r.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))
    first = loaded(tmp_path / "r.ndjson", contract, tmp_path / "first")
    assert first.report.verdict == "conforms", first.report
    written = first.place
    table = pq.read_table(str(written))
    if name == "t.parquet":
        pq.write_table(table, tmp_path / name)
    elif name == "t.arrow":
        with pa.ipc.new_file(tmp_path / name, table.schema) as file:
            file.write_table(table)
    else:
        (tmp_path / "r.ndjson").rename(tmp_path / name)
    result = loaded(tmp_path / name, contract, tmp_path / "out")
    assert pq.read_table(str(result.place)).to_pylist() == table.to_pylist()
    assert table.column("o").is_valid().to_pylist() == [row["o"] is not None for row in rows]


def test_the_same_load_again_changes_nothing(tmp_path: Path, ticks: Contract) -> None:
    make(tmp_path / "t.csv", Ticks(100, "csv"))
    first = loaded(tmp_path / "t.csv", ticks, tmp_path / "out")
    again = loaded(tmp_path / "t.csv", ticks, tmp_path / "out")
    assert first.place == again.place
    assert len(list((tmp_path / "out").iterdir())) == 1


KINDS: dict[str, tuple[Any, Any, pa.DataType, list[Any]]] = {
    "i": ({"type": "integer"}, {"name": "int16"}, pa.float64(), [1.0, None]),
    "f": ({"type": "number"}, {"name": "float32"}, pa.float64(), [0.5, None]),
    "m": (
        {"type": "number"},
        {"name": "decimal128", "precision": 10, "scale": 2},
        pa.decimal128(20, 4),
        [Decimal("1.5"), None],
    ),
    "n": ({"type": "number"}, {"name": "decimal128", "precision": 10, "scale": 2}, pa.int32(), [3, None]),
    "t": (
        {"type": "string", "format": "date-time"},
        {"name": "timestamp", "unit": "us", "tz": "UTC"},
        pa.timestamp("ns", "+00:00"),
        [1000, None],
    ),
    "d": ({"type": "string", "format": "date"}, {"name": "date32"}, pa.date64(), [86_400_000, None]),
    "k": (
        {"type": "string"},
        {"name": "dictionary", "index": {"name": "int8"}, "value": {"name": "utf8"}},
        pa.string(),
        ["x", None],
    ),
    "b": ({"type": "string"}, {"name": "binary"}, pa.large_binary(), [b"x", None]),
    "l": (
        {
            "type": "array",
            "items": {"type": "object", "properties": {"p": {"type": "integer"}, "q": {"type": "string"}}},
        },
        {
            "name": "list",
            "item": {
                "name": "struct",
                "fields": [{"name": "p", "type": {"name": "int32"}}, {"name": "q", "type": {"name": "utf8"}}],
            },
        },
        pa.large_list(pa.struct([("q", pa.string()), ("p", pa.int64())])),
        [[{"q": "x", "p": 1}, {"q": None, "p": 2}], None],
    ),
}
"""Of each column: its rules, the contract's type, the file's type, and two values, the second of them null."""


def test_every_type_is_handed_on_exactly(tmp_path: Path) -> None:
    document = {
        "$id": "all_v1",
        "version": "1.0.0",
        "type": "object",
        "properties": {name: schema for name, (schema, _, _, _) in KINDS.items()},
        "arrow": {"fields": [{"name": name, "type": kind} for name, (_, kind, _, _) in KINDS.items()]},
    }
    contract = compile_contract(parse(json.dumps(document).encode()))
    table = pa.table({name: pa.array(values, kind) for name, (_, _, kind, values) in KINDS.items()})
    with pa.ipc.new_file(tmp_path / "t.arrow", table.schema) as writer:
        writer.write_table(table)
    result = loaded(tmp_path / "t.arrow", contract, tmp_path / "out")
    assert result.report.verdict == "conforms", result.report
    assert result.place is not None
    out = pq.read_table(result.place)
    assert [str(kind) for kind in out.schema.types[:-1]] == [
        "int16",
        "float",
        "decimal128(10, 2)",
        "decimal128(10, 2)",
        "timestamp[us, tz=UTC]",
        "date32[day]",
        "dictionary<values=string, indices=int8, ordered=0>",
        "binary",
    ]
    assert out.drop_columns(["t", "d"]).to_pylist() == [
        {
            "i": 1,
            "f": 0.5,
            "m": Decimal("1.50"),
            "n": Decimal("3.00"),
            "k": "x",
            "b": b"x",
            "l": [{"p": 1, "q": "x"}, {"p": 2, "q": None}],
        },
        dict.fromkeys("ifmnkbl"),
    ]
    assert out["t"].cast(pa.int64()).to_pylist() == [1, None]
    assert out["d"].cast(pa.int32()).to_pylist() == [1, None]


def test_lines_read_one_by_one_come_out_the_same(tmp_path: Path, ticks: Contract) -> None:
    """A number such as 1.0 for an integer makes Arrow's parser give up on a block."""
    make(tmp_path / "t.ndjson", Ticks(100, "ndjson"))
    text = (tmp_path / "t.ndjson").read_text()
    first_size = text.split('"size":')[1].split(",")[0]
    (tmp_path / "u.ndjson").write_text(text.replace(f'"size":{first_size},', f'"size":{first_size}.0,', 1))
    tables = [
        pq.read_table(str(loaded(tmp_path / name, ticks, tmp_path / "out").place)) for name in ("t.ndjson", "u.ndjson")
    ]
    assert tables[0].equals(tables[1])


LEVEL = {
    "type": "object",
    "properties": {"price": {"type": "number"}, "flags": {"type": "array", "items": {"type": "string"}}},
}
NESTED = compile_contract(
    parse(
        json.dumps(
            {
                "$id": "n_v1",
                "version": "1.0.0",
                "type": "object",
                "properties": {
                    "best": LEVEL,
                    "levels": {"type": "array", "items": LEVEL},
                    "day": {"type": "string", "format": "date"},
                    "at": {"type": "string", "format": "date-time"},
                    "ok": {"type": "boolean"},
                },
            }
        ).encode()
    )
)
levels = st.fixed_dictionaries(
    {},
    optional={
        "price": st.sampled_from([0, 1.5, -2, None]),
        "flags": st.lists(st.sampled_from(["a", "é", ""]), max_size=2),
    },
)
records = st.fixed_dictionaries(
    {},
    optional={
        "best": st.one_of(st.none(), levels),
        "levels": st.one_of(st.none(), st.lists(levels, max_size=3)),
        "day": st.just("2026-02-28"),
        "at": st.sampled_from(["2026-01-05T09:30:00Z", "2026-01-05T09:30:00.25+02:00"]),
        "ok": st.booleans(),
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(records, min_size=1, max_size=5))
def test_nested_lines_come_out_the_same_read_together_or_one_by_one(
    rows: list[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("nested")
    (folder / "t.ndjson").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    together = loaded(folder / "t.ndjson", NESTED, folder / "together")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RecordLayout, "of", lambda _plan, **_: None)
        alone = loaded(folder / "t.ndjson", NESTED, folder / "alone")
    assert (together.exit_code, together.report.error) == (alone.exit_code, alone.report.error) == (0, None)
    assert pq.read_table(str(together.place)).equals(pq.read_table(str(alone.place)))


def test_columns_that_the_contract_lacks_are_not_handed_on(tmp_path: Path) -> None:
    document = b'{"$id": "o_v1", "version": "1.0.0", "type": "object", "properties": {"a": {"type": "integer"}}}'
    pq.write_table(pa.table({"b": [1], "a": [2]}), tmp_path / "t.parquet")
    result = loaded(tmp_path / "t.parquet", compile_contract(parse(document)), tmp_path / "out")
    assert result.place is not None
    assert pq.read_table(result.place).to_pylist() == [{"a": 2}]
    assert "b: not in the contract, not handed on" in result.report.notes


UNDECLARED = {"a": 1, "o": {"x": 1, "lost": 5}, "l": [{"y": 1, "gone": "q"}], "top": 3}


@pytest.mark.parametrize("more", [{}, {"j": {}}], ids=["typed", "with a JSON column"])
@pytest.mark.parametrize("kind", ["ndjson", "parquet"])
def test_members_that_the_contract_lacks_are_named(kind: str, more: dict[str, object], tmp_path: Path) -> None:
    object_of = {"type": "object", "properties": {"x": {"type": "integer"}}}
    items = {"type": "object", "properties": {"y": {"type": "integer"}}}
    members = {"a": {"type": "integer"}, "o": object_of, "l": {"type": "array", "items": items}, **more}
    document = {"$id": "o_v1", "version": "1.0.0", "type": "object", "properties": members}
    file = tmp_path / f"t.{kind}"
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist([UNDECLARED]), file)
    else:
        file.write_text(json.dumps(UNDECLARED))
    result = loaded(file, compile_contract(parse(json.dumps(document).encode())), tmp_path / "out")
    told = {note.partition(":")[0] for note in result.report.notes if "not handed on" in note}
    assert told == {"top", "o.lost", "l[].gone"}


def test_many_members_that_the_contract_lacks_are_not_all_named(tmp_path: Path) -> None:
    document = b'{"$id": "o_v1", "version": "1.0.0", "type": "object", "properties": {"a": {"type": "integer"}}}'
    (tmp_path / "t.ndjson").write_text("".join(f'{{"a": 1, "m{n}": 1}}\n' for n in range(200)))
    result = loaded(tmp_path / "t.ndjson", compile_contract(parse(document)), tmp_path / "out")
    assert len(result.report.notes) == 51
    assert result.report.notes[-1] == "more members that are not in the contract are not handed on"


def test_a_destination_that_can_not_be_written(tmp_path: Path, ticks: Contract) -> None:
    (tmp_path / "file").write_text("")
    make(tmp_path / "t.csv", Ticks(10, "csv"))
    with pytest.raises(InvalidArgument, match="name a directory"):
        loaded(tmp_path / "t.csv", ticks, tmp_path / "file")


KILLED = """
import sys
from pathlib import Path
from schemaregistry.contract import compile_contract
from schemaregistry.data import Directory, find, load
from schemaregistry.document import parse
contract = compile_contract(parse(Path("schemas/ticks_v1.json").read_bytes()))
print("ready", flush=True)
load(find([sys.argv[1]]), contract, lambda schema: Directory(Path(sys.argv[2]), schema, "rows"))
print("done", flush=True)
"""


def test_a_load_that_is_killed_leaves_all_or_nothing(tmp_path: Path, ticks: Contract) -> None:
    make(tmp_path / "t.parquet", Ticks(1_000_000))
    out = tmp_path / "out"
    out.mkdir()
    seen = set()
    for wait in (0.0, 0.05, 0.15, 0.3, 0.5, None):
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path / "t.parquet"), str(out)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            if wait is None:
                assert process.stdout.readline() == "done\n"
            else:
                time.sleep(wait)
            process.send_signal(signal.SIGKILL)
        visible = [path for path in out.iterdir() if not path.name.startswith(".")]
        seen.add(len(visible))
        for path in visible:
            assert pq.read_metadata(path).num_rows == 1_000_000
            path.unlink()
    assert seen == {0, 1}
    for partial in out.iterdir():
        os.utime(partial, (0, 0))
    make(tmp_path / "small.csv", Ticks(10, "csv"))
    assert loaded(tmp_path / "small.csv", ticks, out).place is not None
    assert [path for path in out.iterdir() if path.name.startswith(".")] == []


def test_more_texts_than_a_dictionary_can_number_halt_the_load(tmp_path: Path) -> None:
    kind = {"name": "dictionary", "index": {"name": "int8"}, "value": {"name": "utf8"}}
    document = {
        "$id": "k_v1",
        "version": "1.0.0",
        "type": "object",
        "properties": {"k": {"type": "string"}},
        "arrow": {"fields": [{"name": "k", "type": kind}]},
    }
    pq.write_table(pa.table({"k": [str(number) for number in range(300)]}), tmp_path / "t.parquet")
    result = loaded(tmp_path / "t.parquet", compile_contract(parse(json.dumps(document).encode())), tmp_path / "out")
    assert result.place is None
    assert result.report.error is not None
    assert result.report.error.reason == "TOO_MUCH_FOR_THE_TYPE"
