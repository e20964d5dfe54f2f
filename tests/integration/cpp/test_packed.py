"""Compressed files in C++: the rows, reasons and messages that Python gives."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.data.test_packed import CONTRACT, CSV, EACH_ODD, PACKERS, zipped

Run = Callable[..., Any]


@pytest.fixture
def report(schema_load: Run, tmp_path: Path) -> Callable[[Path], dict[str, Any]]:
    (tmp_path / "c.pb").write_bytes(CONTRACT.SerializeToString(deterministic=True))

    def run(path: Path) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            schema_load(path, "--contract", tmp_path / "c.pb", "--check-only", "--json").stdout
        )
        return found

    return run


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("t.csv", CSV, 3),
        ("t.tsv", CSV.replace(b",", b"\t"), 3),
        ("t.ndjson", b'{"a":1}\n{"a":"z"}\n' + b'{"a":2}\n' * 9, 2),
        ("t.json", b'[{"a":1},\n{"a":"z"}]', 2),
    ],
)
def test_text_is_read_whatever_packs_it(
    name: str, text: bytes, line: int, suffix: str, tmp_path: Path, report: Callable[[Path], dict[str, Any]]
) -> None:
    path = tmp_path / f"{name}{suffix}"
    path.write_bytes(PACKERS[suffix](text))
    found = report(path)
    assert found["error"] is None
    assert [example["line"] for each in found["violations"] for example in each["examples"]] == [line]


@EACH_ODD
def test_nothing_of_an_odd_file_is_left_out_in_silence(
    name: str,
    data: bytes,
    found: str | int,
    message: str,
    tmp_path: Path,
    report: Callable[[Path], dict[str, Any]],
) -> None:
    (tmp_path / name).write_bytes(data)
    told = report(tmp_path / name)
    if isinstance(found, int):
        assert (told["verdict"], told["rows"]) == ("conforms", found)
    else:
        assert (told["error"]["reason"], told["rows"]) == (found, 0)
        assert message in told["error"]["message"]


def test_an_archive_tells_its_format_by_its_only_file(tmp_path: Path, report: Callable[[Path], dict[str, Any]]) -> None:
    data = zipped(CSV.replace(b",", b"\t"), "in/t.tsv", **{"__MACOSX/in/._t.tsv": b"x", ".hidden": b"y"})
    (tmp_path / "data.zip").write_bytes(data)
    assert report(tmp_path)["rows"] == 50_002
