"""`duckdb:FILE#TABLE`: rows are in the table in one transaction, in the contract's types, or nothing is changed."""

import datetime as dt
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from schemaregistry.cli.load_options import destination
from schemaregistry.contract import compile_contract
from schemaregistry.data import Loaded, check, find, load, rows_of
from schemaregistry.data.load import duckdb as duckdb_table
from schemaregistry.document import parse
from schemaregistry.errors import InvalidArgument, Unavailable
from schemaregistry.v1.contract_pb2 import Contract

Make = Callable[..., Path]
ROOT = Path(__file__).resolve().parents[3]
TYPES = [
    ("ts", "TIMESTAMP"),
    ("symbol", "VARCHAR"),
    ("price", "DOUBLE"),
    ("size", "INTEGER"),
    ("side", "VARCHAR"),
    ("venue", "VARCHAR"),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "db" / "ticks.duckdb"


def into(file: Path, contract: Contract, source: Path, table: str = "ticks") -> Loaded:
    sources = find([str(source)])
    return load(sources, contract, destination(f"duckdb:{file}#{table}", sources))


def asked(file: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(file), read_only=True) as database:
        return database.execute(query).fetchall()


def test_a_table_is_made_with_the_contracts_types(file: Path, ticks: Contract, make_ticks: Make) -> None:
    loaded = into(file, ticks, make_ticks("t.csv"))
    assert loaded.place == f"{file}#ticks"
    assert [(name, kind) for name, kind, *_ in asked(file, "DESCRIBE ticks")] == TYPES
    assert asked(file, "SELECT count(*), count(DISTINCT ts) FROM ticks") == [(2_000, 2_000)]


def test_rows_are_added_to_a_table_that_is_there(file: Path, ticks: Contract, make_ticks: Make) -> None:
    for seed in (1, 2):
        into(file, ticks, make_ticks("t.parquet", seed=seed))
    assert asked(file, "SELECT count(*) FROM ticks") == [(4_000,)]


def test_the_same_rows_are_not_added_twice(file: Path, ticks: Contract, make_ticks: Make) -> None:
    into(file, ticks, make_ticks("t.parquet"))
    again = into(file, ticks, make_ticks("t.csv"))
    assert "the same rows were loaded at" in str(again.place)
    assert asked(file, "SELECT count(*) FROM ticks") == [(2_000,)]
    assert asked(file, "SELECT contract, version, rows FROM schemaregistry_loads") == [("ticks_v1", "1.1.0", 2_000)]


def test_a_table_that_was_dropped_takes_the_rows_anew(file: Path, ticks: Contract, make_ticks: Make) -> None:
    into(file, ticks, make_ticks("t.parquet"))
    with duckdb.connect(str(file)) as database:
        database.execute("DROP TABLE ticks")
    into(file, ticks, make_ticks("t.parquet"))
    assert asked(file, "SELECT count(*) FROM ticks") == [(2_000,)]


def test_a_table_may_have_more_columns_in_any_order(file: Path, ticks: Contract, make_ticks: Make) -> None:
    file.parent.mkdir()
    with duckdb.connect(str(file)) as database:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in reversed(TYPES))
        database.execute(f"CREATE SCHEMA raw; CREATE TABLE raw.ticks ({columns}, note VARCHAR DEFAULT 'x')")
    into(file, ticks, make_ticks("t.parquet"), "raw.ticks")
    assert asked(file, "SELECT count(*), min(note) FROM raw.ticks WHERE size > 0") == [(2_000, "x")]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            "CREATE TABLE ticks (ts TIMESTAMP)",
            'no column "symbol": ALTER TABLE "main"."ticks" ADD COLUMN "symbol" VARCHAR',
        ),
        ("CREATE TABLE ticks (ts VARCHAR)", "is VARCHAR, the contract's is TIMESTAMP"),
    ],
)
def test_a_table_of_another_shape_is_refused_before_a_row_is_read(
    file: Path, ticks: Contract, make_ticks: Make, made: str, said: str
) -> None:
    file.parent.mkdir()
    with duckdb.connect(str(file)) as database:
        database.execute(made)
    with pytest.raises(InvalidArgument) as refused:
        into(file, ticks, make_ticks("t.parquet"))
    assert said in refused.value.message


def test_a_halt_leaves_no_database(file: Path, ticks: Contract, make_ticks: Make) -> None:
    assert into(file, ticks, make_ticks("t.csv", fault="bad_enum")).place is None
    assert not file.parent.exists()


def test_rows_that_the_table_refuses_leave_it_as_it_was(file: Path, ticks: Contract, make_ticks: Make) -> None:
    file.parent.mkdir()
    with duckdb.connect(str(file)) as database:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in TYPES)
        database.execute(f"CREATE TABLE ticks ({columns}, CHECK (size < 0))")
    loaded = into(file, ticks, make_ticks("t.csv"))
    assert loaded.report.error is not None
    assert (loaded.exit_code, loaded.report.error.reason) == (3, "DESTINATION_FAILED")
    assert "CHECK constraint failed" in loaded.report.error.message
    assert asked(file, "SELECT count(*) FROM ticks") == [(0,)]
    assert [path.name for path in file.parent.iterdir()] == [file.name]


HOLDS = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"


@pytest.fixture
def held(file: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that has the database open, until its stdin is closed."""
    file.parent.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process
        process.kill()


def test_a_database_that_is_open_elsewhere_is_said_to_be(
    file: Path, ticks: Contract, make_ticks: Make, held: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duckdb_table, "_PATIENCE", 0.2)
    with pytest.raises(Unavailable, match=f"is open in another process .*PID {held.pid}.: close it there"):
        into(file, ticks, make_ticks("t.parquet"))


def test_a_database_that_another_process_closes_soon_is_waited_for(
    file: Path, ticks: Contract, make_ticks: Make, held: "subprocess.Popen[str]"
) -> None:
    def release(schema: pa.Schema) -> duckdb_table.DuckdbTable:
        assert held.stdin is not None
        held.stdin.close()
        return duckdb_table.DuckdbTable(file, "ticks", schema)

    assert load(find([str(make_ticks("t.parquet"))]), ticks, release).place


def test_what_is_no_database_is_said_to_be_none(file: Path, ticks: Contract, make_ticks: Make) -> None:
    file.parent.mkdir()
    file.write_text("not a database " * 1_000)
    with pytest.raises(InvalidArgument, match="can't be opened as a DuckDB database"):
        into(file, ticks, make_ticks("t.parquet"))


@pytest.mark.parametrize("to", ["duckdb:x.db", "duckdb:#t", "duckdb:x.db#a.b.c", "s3://bucket/x"])
def test_a_destination_that_says_too_little_is_refused(to: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        destination(to, [])
    assert refused.value.reason == "UNKNOWN_DESTINATION"


@pytest.mark.parametrize(
    "to", ["duckdb::memory:#t", "duckdb::memory:x#t", "duckdb:md:mine#t", "duckdb:s3://b/x#t", "duckdb:sqlite:x.db#t"]
)
def test_a_destination_that_is_no_file_is_refused(to: str) -> None:
    with pytest.raises(InvalidArgument, match="names no file"):
        destination(to, [])


def test_a_files_name_that_looks_like_an_address_is_a_files(tmp_path: Path, ticks: Contract, make_ticks: Make) -> None:
    into(tmp_path / "md:mine", ticks, make_ticks("t.csv"))
    assert asked(tmp_path / "md:mine", "SELECT count(*) FROM ticks") == [(2_000,)]


def test_a_database_of_another_kind_loads_no_extension(file: Path, ticks: Contract, make_ticks: Make) -> None:
    """DuckDB would install its extension for SQLite's files, from the network."""
    file.parent.mkdir()
    sqlite3.connect(file).executescript("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
    before = file.read_bytes()
    with pytest.raises(InvalidArgument, match="can't be opened as a DuckDB database"):
        into(file, ticks, make_ticks("t.csv"))
    assert file.read_bytes() == before


def test_a_view_reads_no_other_file(file: Path, ticks: Contract, make_ticks: Make, tmp_path: Path) -> None:
    """A database from elsewhere may hold anything; what is in it gets no further than its file."""
    (tmp_path / "secret.csv").write_text("a\n1\n")
    file.parent.mkdir()
    with duckdb.connect(str(file)) as database:
        database.execute(f"CREATE VIEW ticks AS SELECT * FROM '{tmp_path / 'secret.csv'}'")
    with pytest.raises(InvalidArgument):
        into(file, ticks, make_ticks("t.csv"))


def test_a_missing_extra_is_named() -> None:
    code = "import sys; sys.modules['duckdb'] = None\nimport schemaregistry.data.load.duckdb"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'schemaregistry[duckdb]'" in done.stderr


@pytest.mark.parametrize("document", sorted((ROOT / "schemas").glob("*.json")), ids=lambda path: path.stem)
def test_rows_of_every_schema_are_taken_and_added_to(document: Path, file: Path, tmp_path: Path) -> None:
    contract = compile_contract(parse(document.read_bytes()))
    examples = [path.read_text() for path in sorted((ROOT / f"schemas/examples/{document.stem}/valid").glob("*.json"))]
    for number, texts in enumerate((examples, examples[:1])):
        rows = tmp_path / f"{number}.ndjson"
        rows.write_text("".join(f"{json.dumps(json.loads(text))}\n" for text in texts))
        loaded = load(find([str(rows)]), contract, lambda schema: duckdb_table.DuckdbTable(file, document.stem, schema))
        assert (loaded.report.error, loaded.rows) == (None, len(texts))
    assert asked(file, f"SELECT count(*) FROM {document.stem}") == [(len(examples) + 1,)]


VALUES: dict[str, tuple[dict[str, Any], dict[str, Any], Any, Any]] = {
    "DECIMAL(10,3)": ({"type": "number"}, {"name": "decimal128", "precision": 10, "scale": 3}, 1.5, Decimal("1.500")),
    "UBIGINT": ({"type": "integer"}, {"name": "uint64"}, 2**64 - 1, 2**64 - 1),
    "BLOB": ({"type": "string"}, {"name": "binary"}, "AP8=", b"\x00\xff"),
    "DATE": ({"type": "string", "format": "date"}, {"name": "date32"}, "2026-01-05", dt.date(2026, 1, 5)),
    "TIME": (
        {"type": "string", "format": "time"},
        {"name": "time32", "unit": "ms"},
        "09:30:00.25Z",
        dt.time(9, 30, 0, 250_000),
    ),
    "TIMESTAMP_NS": (
        {"type": "string", "format": "date-time"},
        {"name": "timestamp", "unit": "ns"},
        "2026-01-05T09:30:00Z",
        dt.datetime(2026, 1, 5, 9, 30),  # noqa: DTZ001
    ),
    "VARCHAR": (
        {"type": "string"},
        {"name": "dictionary", "index": {"name": "int8"}, "value": {"name": "utf8"}},
        "é",
        "é",
    ),
}


@pytest.mark.parametrize("kind", VALUES)
def test_a_value_of_every_type_comes_out_as_it_was(kind: str, file: Path, tmp_path: Path) -> None:
    rules, arrow, written, read = VALUES[kind]
    document = {"$id": "t_v1", "version": "1.0.0", "type": "object", "properties": {"a": rules}}
    document["arrow"] = {"fields": [{"name": "a", "type": arrow}]}
    (tmp_path / "t.ndjson").write_text(json.dumps({"a": written}) + "\n")
    contract = compile_contract(parse(json.dumps(document).encode()))
    load(find([str(tmp_path / "t.ndjson")]), contract, lambda schema: duckdb_table.DuckdbTable(file, "t", schema))
    assert asked(file, "SELECT typeof(a), a FROM t") == [(kind, read)]


def test_json_columns_are_json_there_too(tmp_path: Path) -> None:
    parts = {"type": "object", "properties": {"m": {"type": ["integer", "string"]}}}
    document = {"$id": "j_v1", "version": "1.0.0", "type": "object", "properties": {"v": {}, "s": parts}}
    contract = compile_contract(parse(json.dumps(document).encode()))
    (tmp_path / "t.ndjson").write_text('{"v": 1.10, "s": {"m": "x"}}\n{"v": null}\n{}\n')
    done = load(
        find([str(tmp_path / "t.ndjson")]),
        contract,
        lambda schema: duckdb_table.DuckdbTable(tmp_path / "t.db", "t", schema),
    )
    assert done.rows == 3
    with duckdb.connect(tmp_path / "t.db") as database:
        rows = database.sql("SELECT v, s, typeof(v), typeof(s) FROM t").fetchall()
        assert {row[2:] for row in rows} == {("JSON", "STRUCT(m JSON)")}
        assert [row[:2] for row in rows] == [("1.10", {"m": '"x"'}), ("null", None), (None, None)]
        assert check(rows_of(database.sql("SELECT * FROM t")), contract).verdict == "conforms"


@pytest.mark.parametrize("table", ["schemaregistry_loads", "main.SchemaRegistry_Loads"])
def test_the_table_that_records_loads_is_no_destination(
    table: str, file: Path, ticks: Contract, make_ticks: Make
) -> None:
    into(file, ticks, make_ticks("t.csv"))
    with pytest.raises(InvalidArgument) as refused:
        into(file, ticks, make_ticks("t.csv"), table)
    assert refused.value.message == (
        f"the name {table} is reserved: loads are recorded in that table, name another one"
    )
