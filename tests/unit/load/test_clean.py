"""`clean` repairs what the contract leaves no doubt about, lists it, makes nothing up, and leaves what is clean."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemaregistry.cli.app import main
from schemaregistry.contract import compile_contract
from schemaregistry.data import Directory, Quarantine, check, find
from schemaregistry.data.load.file_clean import Cleaned, clean
from schemaregistry.document import parse
from schemaregistry.v1.contract_pb2 import Contract

ROW = {"ts": "2026-01-05T09:30:00Z", "symbol": "A", "price": 1.5, "size": 1}
Clean = Callable[..., Cleaned]


@pytest.fixture
def cleaned(tmp_path: Path, ticks: Contract) -> Clean:
    """`cleaned("t.csv", "…")`: what becomes of a file of that name."""

    def run(
        name: str, contents: Any, contract: Contract = ticks, aliases: Mapping[str, Sequence[str]] | None = None
    ) -> Cleaned:
        path = tmp_path / name
        if isinstance(contents, pa.Table):
            pq.write_table(contents, path)
        else:
            path.write_text(contents)
        return clean(
            find([str(path)]),
            contract,
            lambda schema: Directory(tmp_path / "out", schema, "rows"),
            lambda: Quarantine(tmp_path / "aside", "rows"),
            aliases=aliases,
        )

    return run


def rows(cleaned: Cleaned) -> list[dict[str, Any]]:
    assert cleaned.loaded.place is not None
    return pq.read_table(cleaned.loaded.place).to_pylist()


def done(cleaned: Cleaned) -> list[tuple[Any, ...]]:
    return [(each.kind, each.column, each.before, each.after, each.count) for each in cleaned.repairs]


def lines(*records: Any) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def contract(properties: dict[str, Any], arrow: list[Any], **more: Any) -> Contract:
    document = {"$id": "o_v1", "version": "1.0.0", "type": "object", "properties": properties}
    fields = [{"name": name, "type": kind} for name, kind in zip(properties, arrow, strict=True)]
    return compile_contract(parse(json.dumps({**document, "arrow": {"fields": fields}, **more}).encode()))


@pytest.mark.parametrize(
    ("name", "contents"),
    [
        ("t.csv", "ticker,ts,price,size\nA,2026-01-05T09:30:00Z,1.5,1\n"),
        ("t.ndjson", lines({"ticker": "A", **{name: value for name, value in ROW.items() if name != "symbol"}})),
    ],
)
def test_a_column_under_an_alias_gets_its_name(cleaned: Clean, name: str, contents: str) -> None:
    result = cleaned(name, contents, aliases={"symbol": ("sym", "ticker")})
    assert rows(result)[0]["symbol"] == "A"
    assert ("rename", "symbol", "ticker", "symbol", 1) in done(result)


def test_lines_that_conform_once_they_are_repaired_break_no_rule(cleaned: Clean) -> None:
    under_alias = {"ticker": "A", **{name: value for name, value in ROW.items() if name != "symbol"}}
    result = cleaned("t.ndjson", lines(under_alias, under_alias), aliases={"symbol": ("ticker",)})
    report = result.loaded.report
    assert (report.verdict, report.violations, report.notes, result.loaded.quarantine) == ("conforms", (), (), None)


def test_two_columns_that_could_be_meant_are_left_alone(cleaned: Clean) -> None:
    text = "ts,sym,ticker,price,size\n2026-01-05T09:30:00Z,A,B,1.5,1\n"
    result = cleaned("t.csv", text, aliases={"symbol": ("sym", "ticker")})
    assert (result.loaded.place, result.repairs) == (None, ())


def test_an_alias_beside_the_column_itself_is_an_extra_column(cleaned: Clean) -> None:
    result = cleaned("t.ndjson", lines({**ROW, "ticker": "B"}), aliases={"symbol": ("ticker",)})
    assert result.loaded.report.violations[0].rule == "additionalProperties"


def test_an_alias_of_an_optional_column_is_found_where_more_is_allowed(cleaned: Clean) -> None:
    open_contract = contract({"a": {"type": "integer"}}, [{"name": "int64"}])
    result = cleaned("t.ndjson", lines({"old": 5}, {"a": 6}, {}), open_contract, {"a": ("old",)})
    assert rows(result) == [{"a": 5}, {"a": 6}, {"a": None}]
    assert done(result) == [("rename", "a", "old", "a", 1)]


def test_columns_are_put_in_order(cleaned: Clean) -> None:
    result = cleaned("t.csv", "size,ts,symbol,price\n1,2026-01-05T09:30:00Z,A,1.5\n")
    assert done(result) == [("order", None, "size, ts, symbol, price", "ts, symbol, price, size", 1)]


@pytest.mark.parametrize(
    ("kind", "column", "after"),
    [
        ({"name": "int32"}, pa.array(["12", "-3", "1e3", "x", "", None]), [12, -3, 1000, None]),
        ({"name": "float64"}, pa.array(["0.1", "1e3", "NaN", None]), [0.1, 1000.0, None]),
        ({"name": "bool"}, pa.array(["true", "no", None]), [True, None]),
        ({"name": "decimal128", "precision": 4, "scale": 1}, pa.array(["1.5", "1.55"]), [Decimal("1.5")]),
        ({"name": "decimal128", "precision": 4, "scale": 1}, pa.array([0.5, 0.1, float("inf")]), [Decimal("0.5")]),
        ({"name": "float64"}, pa.array([Decimal("0.50"), Decimal("0.10")]), [0.5]),
        ({"name": "int32"}, pa.array(["1", "2"]).dictionary_encode(), [1, 2]),
        ({"name": "int32"}, pa.array([1.0, 2.5]), [1]),
        ({"name": "int32"}, pa.array([1, 2**31]), [1]),
    ],
)
def test_values_are_cast_only_where_that_is_exact(cleaned: Clean, kind: Any, column: Any, after: list[Any]) -> None:
    json_type = {"int32": "integer", "bool": "boolean"}.get(kind["name"], "number")
    result = cleaned("t.parquet", pa.table({"a": column}), contract({"a": {"type": json_type}}, [kind]))
    assert [row["a"] for row in rows(result)] == after
    assert [each.kind for each in result.repairs] == ["cast"]
    assert len(column) == len(after) + result.loaded.report.rows_failing


def test_an_instant_is_the_same_in_another_zone_but_a_time_without_one_is_none(cleaned: Clean) -> None:
    kind = {"name": "timestamp", "unit": "us", "tz": "UTC"}
    zoned = contract({"t": {"type": "string", "format": "date-time"}}, [kind])
    elsewhere = pa.table({"t": pa.array([0, 1], pa.timestamp("us", "America/New_York"))})
    assert [row["t"].timestamp() for row in rows(cleaned("t.parquet", elsewhere, zoned))] == [0, 1e-6]
    assert cleaned("u.parquet", pa.table({"t": pa.array([0], pa.timestamp("us"))}), zoned).loaded.place is None


def test_whitespace_goes_only_where_a_rule_says_so(cleaned: Clean) -> None:
    text = "ts,symbol,price,size,side,venue\n2026-01-05T09:30:00Z, A ,1.5,\u00a012\t,B , XNAS\n"
    result = cleaned("t.csv", text)
    (row,) = rows(result)
    assert (row["symbol"], row["size"], row["side"], row["venue"]) == (" A ", 12, "B", "XNAS")
    assert [(each.kind, each.column) for each in result.repairs] == [
        ("trim", each) for each in ("size", "side", "venue")
    ]
    (example,) = result.repairs[1].examples
    assert (example.row, example.line, example.before, example.after) == (0, 2, "B ", "B")


def test_whitespace_stays_where_another_rule_would_break(cleaned: Clean) -> None:
    properties = {"a": {"type": "string", "maxLength": 1}, "b": {"type": "string"}}
    rule = {"if": {"properties": {"a": {"const": "x"}}}, "then": {"properties": {"b": {"const": "y"}}}}
    tied = contract(properties, [{"name": "utf8"}] * 2, **rule)
    for name, contents in (("t.csv", "a,b\nx ,z\nx ,y\n"), ("t.ndjson", lines(*({"a": "x ", "b": b} for b in "zy")))):
        result = cleaned(name, contents, tied)
        assert rows(result) == [{"a": "x", "b": "y"}]
        assert result.loaded.report.rows_failing == 1


def test_json_texts_are_read_as_fields_of_csv_are(cleaned: Clean) -> None:
    bad = {**ROW, "ts": "2026-01-05 09:30:00.5", "price": " 2.5", "size": "7"}
    result = cleaned("t.ndjson", lines(bad, ROW))
    assert [(row["price"], row["size"], row["ts"].microsecond) for row in rows(result)] == [
        (2.5, 7, 500_000),
        (1.5, 1, 0),
    ]
    assert [(each.kind, each.column) for each in result.repairs] == [
        *(("cast", each) for each in ("price", "size")),
        ("trim", "price"),
    ]


@pytest.mark.parametrize("value", ["abc", "", " ", "1.5", "0x10", "2147483648", "١"])
def test_what_can_not_be_repaired_is_set_aside_as_it_was(cleaned: Clean, value: str) -> None:
    result = cleaned("t.ndjson", lines({**ROW, "size": value}))
    (row,) = pq.read_table(f"{result.loaded.quarantine}/t.ndjson.parquet").to_pylist()
    assert json.loads(row["_text"])["size"] == value
    assert (row["_rule"], result.repairs) == (["type"], ())


def test_rows_that_are_set_aside_are_not_counted_as_repaired(cleaned: Clean) -> None:
    text = "ts,symbol,price,size,side\n2026-01-05T09:30:00Z,A,1.5, 1,Q\n2026-01-05T09:30:00Z,A,1.5, 2,S\n"
    result = cleaned("t.csv", text)
    assert done(result) == [("trim", "size", "", "", 1)]
    (row,) = pq.read_table(f"{result.loaded.quarantine}/t.csv.parquet").to_pylist()
    assert (row["size"], row["side"], row["_column"]) == (" 1", "Q", ["side"])


def test_a_file_that_is_cut_off_is_not_cleaned(cleaned: Clean) -> None:
    result = cleaned("t.ndjson", lines(ROW) + '{"ts": ')
    assert (result.loaded.exit_code, result.loaded.place, result.repairs) == (3, None, ())


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """`command(file, …)`: exit code, stdout and stderr of the command, by a document with an alias."""
    document = json.loads((Path(__file__).parents[3] / "schemas" / "ticks_v1.json").read_text())
    (tmp_path / "s.json").write_text(json.dumps({**document, "x-aliases": {"symbol": ["ticker"]}}))

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        asked = [*map(str, arguments), "--schema", str(tmp_path / "s.json"), "--to", str(tmp_path / "out")]
        monkeypatch.setattr(sys, "argv", ["schemaregistry", "clean", *asked])
        with pytest.raises(SystemExit) as ended:
            main()
        return (int(ended.value.code or 0), *capfd.readouterr())

    return run


def test_every_repair_is_printed(command: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("ts,ticker,price,size,side\n2026-01-05T09:30:00Z,A,1.5,1, B\n")
    code, out, err = command(tmp_path / "t.csv")
    assert code == 0
    assert 'repaired the column "ticker" renamed to "symbol", in 1 row' in out
    assert f'  {tmp_path}/t.csv: row 0 (line 2)  " B" → "B"' in out
    assert err.startswith(f"loaded: {tmp_path}/out/t-")
    (tmp_path / "out").rename(tmp_path / "cleaned")
    assert "nothing to repair" in command(tmp_path / "cleaned")[1]


def test_the_same_as_json_and_without_values(command: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("ts,symbol,price,size,side\n2026-01-05T09:30:00Z,A,1.5,1, B\n")
    code, out, _ = command(tmp_path / "t.csv", "--json", "--redact")
    found = json.loads(out)
    assert (code, found["verdict"]) == (0, "conforms")
    (repair,) = found["repairs"]
    assert (repair["kind"], repair["column"], repair["count"]) == ("trim", "side", 1)
    assert repair["examples"][0] == {
        "file": str(tmp_path / "t.csv"),
        "row": 0,
        "line": 2,
        "before": "[redacted]",
        "after": "[redacted]",
    }


def test_what_comes_out_conforms(cleaned: Clean, ticks: Contract) -> None:
    result = cleaned("t.ndjson", lines({**ROW, "size": " 5 "}))
    assert check(find([str(result.loaded.place)]), ticks).verdict == "conforms"
