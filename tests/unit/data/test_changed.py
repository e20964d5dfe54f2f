"""Files that change while they are read: the answer is undecided, and nothing is loaded."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import check, find, load
from schemaregistry.data.load.destinations import Directory
from schemaregistry.document import parse
from tests.unit.data.test_partitions import Lay, lay

__all__ = ["lay"]

CONTRACT = compile_contract(
    parse(b'{"$id": "made_v1", "version": "1.0.0", "type": "object", "properties": {"price": {"type": "number"}}}')
)
PRICES = pa.table({"price": [1.5] * 1000})


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b'{"price":1}\n')


def shrink(path: Path) -> None:
    os.truncate(path, 100)


def replace(path: Path) -> None:
    other = path.with_suffix(".other")
    other.write_bytes(path.read_bytes())
    other.rename(path)


CHANGES: list[Callable[[Path], None]] = [grow, shrink, replace, Path.unlink]


def once(change: Callable[[Path], None], path: Path) -> Callable[[int], None]:
    """A progress callback that changes the file when it is first called."""
    left = [change]

    def progress(_: int) -> None:
        while left:
            left.pop()(path)

    return progress


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("kind", ["parquet", "arrow", "csv", "ndjson", "json"])
def test_a_file_that_changes_while_it_is_read(kind: str, change: Any, lay: Lay, tmp_path: Path) -> None:
    path = lay("in", kind, PRICES)
    report = check(find([str(path)]), CONTRACT, progress=once(change, path))
    assert report.error is not None
    assert (report.verdict, report.error.reason, report.error.file) == ("undecided", "CHANGED", str(path))
    assert "while it was read" in report.error.message


@pytest.mark.parametrize("policy", ["halt", "warn"])
def test_nothing_of_it_is_loaded(policy: Any, lay: Lay, tmp_path: Path) -> None:
    path = lay("in", "csv", PRICES)
    loaded = load(
        find([str(path)]),
        CONTRACT,
        lambda schema: Directory(tmp_path / "to", schema, "t"),
        policy=policy,
        progress=once(grow, path),
    )
    assert (loaded.report.verdict, loaded.place) == ("undecided", None)
    assert not list(tmp_path.glob("to/**/*.parquet"))


def test_a_file_that_changed_before_it_is_read(lay: Lay) -> None:
    path = lay("in", "csv", PRICES)
    sources = find([str(path)])
    path.write_bytes(b"price\n1\n")
    report = check(sources, CONTRACT)
    assert (report.verdict, report.rows, report.files[0].bytes) == ("conforms", 1, 8)
