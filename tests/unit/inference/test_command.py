"""`schemaregistry arrow FILE`: what it prints, and that the file conforms to it."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from devtools.make_ticks import Ticks, make
from schemaregistry.cli.app import app
from schemaregistry.errors import InvalidArgument


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, ["arrow", *arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def ipc_stream(table: pa.Table, path: Path) -> None:
    with pa.ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table)


WRITERS: dict[str, Callable[[pa.Table, Path], None]] = {
    "ticks.parquet": pq.write_table,
    "ticks.arrow": lambda table, path: feather.write_feather(table, str(path), compression="uncompressed"),
    "ticks.feather": lambda table, path: feather.write_feather(table, str(path), compression="zstd"),
    "ticks.arrows": ipc_stream,
    "ticks.csv": lambda table, path: pcsv.write_csv(table, str(path)),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_conforms_to_its_proposal_in_every_format(name: str, tmp_path: Path) -> None:
    make(tmp_path / "made.parquet", Ticks(1000))
    WRITERS[name](pq.read_table(tmp_path / "made.parquet"), tmp_path / name)
    result = run(str(tmp_path / name))
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert (document["$id"], document["version"]) == ("ticks", "1.0.0")
    assert document["required"] == ["ts", "symbol", "price", "size"]
    assert "conforms: 1,000 rows" in result.stderr


def test_what_csv_holds_is_not_what_pyarrow_makes_of_it_alone(tmp_path: Path) -> None:
    """NaN and NULL are texts, and an empty field alone is null."""
    (tmp_path / "odd.csv").write_text('a,b,c\nNULL,1,x\nNaN,,""\n', encoding="utf-8")
    result = run(str(tmp_path / "odd.csv"))
    assert result.exit_code == 0
    assert json.loads(result.stdout)["required"] == ["a", "c"]


def test_a_proposal_is_written_where_it_is_told(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "x.parquet")
    result = run(str(tmp_path / "x.parquet"), "--id", "rows_v1", "-o", str(tmp_path / "rows_v1.json"))
    assert result.stdout == ""
    assert json.loads((tmp_path / "rows_v1.json").read_text(encoding="utf-8"))["$id"] == "rows_v1"


def test_nan_is_said_since_no_document_lets_it_pass(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1.0, float("nan")]}), tmp_path / "x.parquet")
    result = run(str(tmp_path / "x.parquet"))
    assert result.exit_code == 1
    assert 'a: expected number (float64), found "NaN": 1 row' in result.stderr
    assert json.loads(result.stdout)["properties"] == {"a": {"type": "number"}}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("x.parquet", b"PAR1 not really PAR1", "CORRUPT"),
        ("x.arrow", b"", "UNREADABLE"),
        ("x.csv", b"", "UNREADABLE"),
        ("x.csv", b"a,a\n1,2\n", "DUPLICATE_COLUMN"),
        ("x.csv", b"a,b\n1\n", "UNREADABLE"),
        ("x.csv", b"a,b\r1,2\r", "NOT_CSV"),
        ("x.csv", b'a,b\n1,"2"3\n', "NOT_CSV"),
        ("x.ndjson", b'{"a": 1}\n', "NO_SCHEMA"),
    ],
)
def test_a_file_that_has_no_schema_is_refused(name: str, content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidArgument) as refused:
        run(str(tmp_path / name))
    assert refused.value.reason == reason
    assert name in refused.value.message


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    make(tmp_path / "x.parquet", Ticks(1000))
    whole = (tmp_path / "x.parquet").read_bytes()
    (tmp_path / "y.parquet").write_bytes(whole[:4] + bytes(len(whole) // 2) + whole[4 + len(whole) // 2 :])
    with pytest.raises(InvalidArgument, match=r"y\.parquet: a page's header of"):
        run(str(tmp_path / "y.parquet"))


def test_more_than_one_file_is_refused(tmp_path: Path) -> None:
    for name in ("a.parquet", "b.parquet"):
        pq.write_table(pa.table({"a": [1]}), tmp_path / name)
    with pytest.raises(InvalidArgument, match="2 files"):
        run(str(tmp_path))


def test_standard_input_is_refused_since_it_can_not_be_read_twice() -> None:
    with pytest.raises(InvalidArgument, match="give a file"):
        run("-")


@pytest.mark.parametrize("kept", [10, 500])
def test_a_feather_file_that_is_cut_off_is_said_to_be(kept: int, tmp_path: Path) -> None:
    feather.write_feather(pa.table({"a": [1] * 1000}), tmp_path / "x.arrow", compression="uncompressed")
    (tmp_path / "y.arrow").write_bytes((tmp_path / "x.arrow").read_bytes()[:kept])
    with pytest.raises(InvalidArgument, match="is cut off") as refused:
        run(str(tmp_path / "y.arrow"))
    assert refused.value.reason == "TRUNCATED"
