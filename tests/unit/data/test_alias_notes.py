"""What a report says of columns under a former name of the contract's columns."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import schemaregistry
from schemaregistry.cli.app import app

DOCUMENT = """{"$id": "a_v1", "version": "1.0.0", "type": "object", "x-aliases": {"symbol": ["ticker", "sym"]},
    "properties": {"symbol": {"type": "string"}, "px": {"type": "number"}}}"""
ALIAS = '"ticker" is an alias of "symbol": rename the column, or let `clean` do it'


@pytest.mark.parametrize(
    ("columns", "notes"),
    [
        (["ticker"], (ALIAS,)),
        (["ticker", "px"], (ALIAS,)),
        (["ticker", "price"], (ALIAS, "px is missing and price isn't in the contract: was it renamed?")),
        (["ticker", "symbol"], ()),
        (["ticker", "sym", "px"], ()),
        (["ticker", "PX"], (ALIAS, '"PX" is "px" but for case or spaces: rename the columns, or let `clean` do it')),
    ],
)
@pytest.mark.parametrize("as_document", [False, True])
def test_a_column_under_an_alias_is_named(
    columns: list[str], notes: tuple[str, ...], as_document: bool, tmp_path: Path
) -> None:
    (tmp_path / "a_v1.json").write_text(DOCUMENT)
    table = pa.table({name: ["a"] if name in ("ticker", "symbol", "sym") else [1.0] for name in columns})
    schema = schemaregistry.document.parse(DOCUMENT.encode()) if as_document else tmp_path / "a_v1.json"
    assert schemaregistry.check(table, schema).notes == notes


@pytest.mark.parametrize("command", [["check"], ["load", "--to", "out"]])
def test_commands_name_it(command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a_v1.json").write_text(DOCUMENT)
    pq.write_table(pa.table({"ticker": ["a"], "px": [1.0]}), "t.parquet")
    ran = CliRunner().invoke(app, [command[0], "t.parquet", "--schema", "a_v1.json", *command[1:]])
    assert ALIAS in ran.output
