"""One table as each tool writes it, in each format: it conforms, or `clean` makes it conform (docs/interchange.md).

Spark, R and spreadsheets aren't run here: what they write of this table stands below, to the letter.
"""

import datetime
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from schemaregistry import data
from schemaregistry.contract import compile_contract
from schemaregistry.data.load.file_clean import clean
from schemaregistry.document import parse
from schemaregistry.document.csv_dialect import csv_dialect

DOCUMENT: dict[str, Any] = {
    "$id": "made_v1",
    "version": "1.0.0",
    "type": "object",
    "properties": {
        "n": {"type": "integer"},
        "x": {"type": "number"},
        "ok": {"type": "boolean"},
        "s": {"type": "string"},
        "day": {"type": "string", "format": "date"},
        "at": {"type": "string", "format": "date-time"},
        "utc": {"type": "string", "format": "date-time"},
        "cents": {"type": "number"},
    },
    "required": ["day", "at"],
    "arrow": {
        "fields": [
            {"name": "n", "type": {"name": "int32"}},
            {"name": "x", "type": {"name": "float64"}},
            {"name": "ok", "type": {"name": "bool"}},
            {"name": "s", "type": {"name": "utf8"}},
            {"name": "day", "type": {"name": "date32"}},
            {"name": "at", "type": {"name": "timestamp", "unit": "us"}},
            {"name": "utc", "type": {"name": "timestamp", "unit": "us", "tz": "UTC"}},
            {"name": "cents", "type": {"name": "decimal128", "precision": 10, "scale": 2}},
        ]
    },
}
CONTRACT: Final = compile_contract(parse(json.dumps(DOCUMENT).encode()))
_AT: Final = [datetime.datetime(2024, 1, 2, 9, 30), datetime.datetime(2024, 1, 3)]  # noqa: DTZ001 - a column without one
TABLE: Final = pa.table(
    {
        "n": pa.array([1, None], pa.int32()),
        "x": pa.array([1.0, 2.5]),
        "ok": pa.array([True, False]),
        "s": ["a", 'q"u,\nz'],
        "day": pa.array([datetime.date(2024, 1, 2), datetime.date(2024, 1, 3)]),
        "at": pa.array(_AT, pa.timestamp("us")),
        "utc": pa.array(_AT, pa.timestamp("us", "UTC")),
        "cents": pa.array([Decimal("1.50"), Decimal("100.00")], pa.decimal128(10, 2)),
    }
)
MIDNIGHTS: Final = TABLE.slice(1)
"""pandas and others write such times as dates."""

Write = Callable[[pa.Table, Path], Any]


def duckdb_copy(options: str) -> Write:
    def write(table: pa.Table, path: Path) -> None:
        with duckdb.connect() as connection:
            connection.execute("set timezone = 'America/New_York'")
            connection.register("t", table)
            connection.execute(f"copy (select * from t) to '{path}' ({options})")

    return write


def pandas_frame(table: pa.Table) -> pd.DataFrame:
    return table.to_pandas()


def ipc(table: pa.Table, path: Path) -> None:
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)


CONFORMS: dict[tuple[str, str], Write] = {
    ("pyarrow", "parquet"): pq.write_table,
    ("pyarrow", "arrow"): ipc,
    ("pyarrow", "csv"): pacsv.write_csv,
    ("polars", "parquet"): lambda table, path: pl.DataFrame(table).write_parquet(path),
    ("polars", "arrow"): lambda table, path: pl.DataFrame(table).write_ipc(path),
    ("polars", "csv"): lambda table, path: pl.DataFrame(table).write_csv(path),
    ("polars", "ndjson"): lambda table, path: pl.DataFrame(table).drop("cents").write_ndjson(path),
    ("polars", "json"): lambda table, path: pl.DataFrame(table).drop("cents").write_json(path),
    ("pandas", "parquet"): lambda table, path: pandas_frame(table).to_parquet(path),
    ("pandas", "arrow"): lambda table, path: pandas_frame(table).to_feather(path),
    ("pandas", "csv"): lambda table, path: pandas_frame(table).to_csv(path, index=False),
    ("pandas", "ndjson"): lambda table, path: pandas_frame(table.drop(["cents"])).to_json(
        path, orient="records", lines=True, date_format="iso", date_unit="us"
    ),
    ("pandas", "json"): lambda table, path: pandas_frame(table.drop(["cents"])).to_json(
        path, orient="records", date_format="iso", date_unit="us"
    ),
    ("duckdb", "parquet"): duckdb_copy("format parquet"),
    ("duckdb", "csv"): duckdb_copy("format csv"),
    ("duckdb", "ndjson"): duckdb_copy("format json"),
    ("duckdb", "json"): duckdb_copy("format json, array true"),
}


@pytest.mark.parametrize("table", [TABLE, MIDNIGHTS], ids=["table", "midnights"])
@pytest.mark.parametrize(("tool", "kind"), CONFORMS, ids="-".join)
def test_what_a_tool_writes_conforms_and_is_loaded_as_it_was(
    tool: str, kind: str, table: pa.Table, tmp_path: Path
) -> None:
    CONFORMS[tool, kind](table, tmp_path / f"t.{kind}")
    loaded = data.load(
        data.find([str(tmp_path / f"t.{kind}")]),
        CONTRACT,
        lambda schema: data.Directory(tmp_path / "to", schema, "t"),
    )
    assert loaded.report.verdict == "conforms", loaded.report
    found = pq.read_table(str(loaded.place))
    lost = ["cents"] if not found.column("cents").drop_null() else []
    assert found.drop(lost).to_pylist() == table.drop(lost).to_pylist()


SPARK_CSV = (
    "n,x,ok,s,day,at,utc,cents\n"
    "1,1.0,true,a,2024-01-02,2024-01-02T09:30:00.000,2024-01-02T09:30:00.000Z,1.50\n"
    ',2.5,false,"q\\"u,\nz",2024-01-03,2024-01-03T00:00:00.000,2024-01-03T00:00:00.000Z,100.00\n'
)
SPARK_JSON = (
    '{"n":1,"x":1.0,"ok":true,"s":"a","day":"2024-01-02","at":"2024-01-02T09:30:00.000",'
    '"utc":"2024-01-02T09:30:00.000Z","cents":1.50}\n'
    '{"x":2.5,"ok":false,"s":"q\\"u,\\nz","day":"2024-01-03","at":"2024-01-03T00:00:00.000",'
    '"utc":"2024-01-03T00:00:00.000Z","cents":100.00}\n'
)
READR_CSV = (
    "n,x,ok,s,day,at,utc,cents\n"
    "1,1,TRUE,a,2024-01-02,2024-01-02T09:30:00Z,2024-01-02T09:30:00Z,1.5\n"
    'NA,2.5,FALSE,"q""u,\nz",2024-01-03,2024-01-03T00:00:00Z,2024-01-03T00:00:00Z,100\n'
)
TO_THE_LETTER: dict[str, tuple[str, bytes, dict[str, Any]]] = {
    "Spark CSV": ("part-00000-c000.csv", SPARK_CSV.encode(), {"escape": "\\"}),
    "Spark JSON": ("part-00000-c000.json", SPARK_JSON.encode(), {}),
    "readr CSV": ("t.csv", READR_CSV.encode(), {"null": ["NA"]}),
    "readr TSV": ("t.tsv", READR_CSV.replace(",\nz", "\nz").replace(",", "\t").encode(), {"null": ["NA"]}),
}


@pytest.mark.parametrize("name", TO_THE_LETTER)
def test_what_is_written_elsewhere_conforms(name: str, tmp_path: Path) -> None:
    file, text, said = TO_THE_LETTER[name]
    (tmp_path / file).write_bytes(text)
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / f".{file}.crc").touch()
    report = data.check(data.find([str(tmp_path)], csv=csv_dialect(said)), CONTRACT)
    assert (report.verdict, report.rows) == ("conforms", 2), report.violations


def test_int96_as_spark_writes_it_is_a_time_without_a_zone(tmp_path: Path) -> None:
    table = TABLE.drop(["utc"])
    pq.write_table(table, tmp_path / "part-00000-c000.snappy.parquet", use_deprecated_int96_timestamps=True)
    assert data.check(data.find([str(tmp_path)]), CONTRACT).verdict == "conforms"


EXCEL = (
    "n;x;ok;s;day;at;utc;cents\r\n"
    "1;1;WAHR;a;02.01.2024;02.01.2024 09:30;2024-01-02T09:30:00Z;1,50\r\n"
    ';1.234,5;FALSCH;"q""u,\nz";03.01.2024;03.01.2024 00:00;2024-01-03T00:00:00Z;100\r\n'
)
SPREADSHEET = {"delimiter": ";", "decimal": ",", "thousands": ".", "dates": "dmy"}
REPAIRED: dict[str, tuple[str, Callable[[Path], Any], dict[str, Any], dict[str, Any]]] = {
    "a spreadsheet's CSV": (
        "t.csv",
        lambda path: path.write_text("\ufeff" + EXCEL.replace("WAHR", "1").replace("FALSCH", "0"), newline=""),
        SPREADSHEET,
        {},
    ),
    "a spreadsheet's Unicode text": (
        "t.tsv",
        lambda path: path.write_bytes(
            EXCEL.replace("WAHR", "TRUE").replace("FALSCH", "FALSE").replace(";", "\t").encode("utf-16")
        ),
        {name: said for name, said in SPREADSHEET.items() if name != "delimiter"},
        {},
    ),
    "polars' decimals in JSON": ("t.ndjson", lambda path: pl.DataFrame(TABLE).write_ndjson(path), {}, {}),
    "pandas' decimals in JSON": (
        "t.ndjson",
        lambda path: pandas_frame(TABLE).to_json(path, orient="records", lines=True, date_format="iso"),
        {},
        {},
    ),
    "pandas' times in JSON": (
        "t.ndjson",
        lambda path: pandas_frame(TABLE).to_json(path, orient="records", lines=True, date_format="epoch"),
        {},
        {"epoch": "ms"},
    ),
}


@pytest.mark.filterwarnings("ignore:.*epoch.*")
@pytest.mark.parametrize("name", REPAIRED)
def test_what_has_one_meaning_all_the_same_is_repaired(name: str, tmp_path: Path) -> None:
    file, write, said, more = REPAIRED[name]
    write(tmp_path / file)
    sources = data.find([str(tmp_path / file)], csv=csv_dialect(said))
    assert data.check(sources, CONTRACT).verdict == "violates"
    done = clean(
        sources,
        CONTRACT,
        lambda schema: data.Directory(tmp_path / "to", schema, "t"),
        lambda: data.Quarantine(tmp_path / "aside", "t"),
        **more,
    )
    assert done.loaded.report.verdict == "conforms", done.loaded.report.violations
    found = pq.read_table(str(done.loaded.place))
    assert [(row["day"], row["at"], row["cents"]) for row in found.to_pylist()] == [
        (row["day"], row["at"], row["cents"]) for row in TABLE.to_pylist()
    ]
