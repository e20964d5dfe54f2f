"""Lines that are no records: they halt a check, and go to the quarantine where rows that fail do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from schemaregistry import data
from schemaregistry.contract import compile_contract
from schemaregistry.data.load import sinks
from schemaregistry.data.load.file_clean import clean
from schemaregistry.data.readers import bad_lines, lines
from schemaregistry.document import parse

CONTRACT = compile_contract(
    parse(
        json.dumps(
            {
                "$id": "made_v1",
                "version": "1.0.0",
                "type": "object",
                "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
                "required": ["a"],
            }
        ).encode()
    )
)
Quarantined = Callable[..., tuple[data.Report, list[Any], list[dict[str, Any]]]]


@pytest.fixture(params=["load", "clean"])
def quarantined(request: pytest.FixtureRequest, tmp_path: Path) -> Quarantined:
    """`quarantined("t.csv", text)`: the report, the values of `a` that are handed on, and the rows set aside."""

    def run(name: str, text: str, folder: str = "") -> tuple[data.Report, list[Any], list[dict[str, Any]]]:
        path = tmp_path / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())
        sources = data.find([str(path)])
        into = lambda schema: data.Directory(tmp_path / "to", schema, "t")  # noqa: E731
        aside = lambda: data.Quarantine(tmp_path / "aside", "t")  # noqa: E731
        if request.param == "load":
            loaded = data.load(sources, CONTRACT, into, policy=aside)
        else:
            loaded = clean(sources, CONTRACT, into, aside).loaded
        kept = pq.read_table(str(loaded.place)).column("a").to_pylist() if loaded.place else []
        set_aside = f"{loaded.quarantine}/{name}.parquet"
        rows = pq.read_table(set_aside, partitioning=None).to_pylist() if loaded.quarantine else []
        return loaded.report, kept, rows

    return run


RAGGED = 'a,b\n1,x\n2\n3,"y\nz"\n\n4,y,z\n5,\nx,6\n7,z,"\n"\n8,\n'


@pytest.mark.parametrize("size", [8, lines.BLOCK])
def test_ragged_lines_go_to_the_quarantine_with_their_numbers(
    size: int, quarantined: Quarantined, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BLOCK", size)
    report, kept, rows = quarantined("t.csv", RAGGED)
    assert (report.verdict, report.rows, report.rows_failing) == ("violates", 8, 4)
    assert kept == [1, 3, 5, 8]
    assert [(row["_row"], row["_line"], row["_rule"], row["_text"], row["a"]) for row in rows] == [
        (1, 3, ["csv"], "2", None),
        (3, 7, ["csv"], "4,y,z", None),
        (5, 9, ["type"], None, "x"),
        (6, 10, ["csv"], '7,z,"\n"', None),
    ]
    (found,) = [violation for violation in report.violations if violation.rule == "csv"]
    assert (found.column, found.expected, found.count) == (None, "2 fields", 3)
    assert [(each.row, each.line, each.value) for each in found.examples] == [
        (1, 3, "2"),
        (3, 7, "4,y,z"),
        (6, 10, '7,z,"\n"'),
    ]


def test_ragged_lines_lie_beside_failing_rows_with_a_column_of_their_path(quarantined: Quarantined) -> None:
    report, kept, rows = quarantined("t.csv", "a\n1\n2,y\nx\n4\n", "b=n")
    assert (report.error, kept) == (None, [1, 4])
    assert [(row["_line"], row["_text"], row["a"], row["b"]) for row in rows] == [
        (3, "2,y", None, None),
        (4, None, "x", "n"),
    ]


def test_lines_that_are_not_json_go_to_the_quarantine(quarantined: Quarantined) -> None:
    text = '{"a": 1}\n{"a": \n\n{"a": 3}\nnonsense\n{"a": "x"}\n{"a": 6}\n'
    report, kept, rows = quarantined("t.ndjson", text)
    assert (report.verdict, report.rows, report.rows_failing) == ("violates", 6, 3)
    assert kept == [1, 3, 6]
    assert [(row["_row"], row["_line"], row["_rule"], row["_text"]) for row in rows] == [
        (1, 2, ["ndjson"], '{"a": '),
        (3, 5, ["ndjson"], "nonsense"),
        (4, 6, ["type"], '{"a": "x"}'),
    ]


@pytest.mark.parametrize(("name", "text"), [("t.csv", "a,b\n1,x\n2"), ("t.ndjson", '{"a": 1}\n{"a": ')])
def test_a_file_that_is_cut_off_halts(name: str, text: str, quarantined: Quarantined) -> None:
    report, kept, rows = quarantined(name, text)
    assert report.error is not None
    assert (report.error.line, kept, rows) == (text.count("\n") + 1, [], [])


def test_a_file_of_bad_lines_halts(quarantined: Quarantined, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks, "MOST_BAD_LINES", 3)
    assert bad_lines.MOST_BAD_LINES > 3
    assert quarantined("t.csv", "a,b\n1,x\n" + "2\n" * 3)[0].error is None
    assert quarantined("t.csv", "a,b\n1,x\n" + "2\n" * 4)[0].error is not None


@pytest.mark.parametrize("policy", ["halt", "warn"])
def test_without_a_quarantine_a_ragged_line_halts(policy: Any, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(RAGGED)
    loaded = data.load(
        data.find([str(tmp_path / "t.csv")]),
        CONTRACT,
        lambda schema: data.Directory(tmp_path / "to", schema, "t"),
        policy=policy,
    )
    assert loaded.report.error is not None
    assert (loaded.report.error.reason, loaded.report.error.line, loaded.place) == ("NOT_CSV", 3, None)
    assert "1 fields where the header has 2: 2" in loaded.report.error.message
