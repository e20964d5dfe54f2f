"""Names, directories and globs in C++: the same files, notes and faults as in Python."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import check, find
from schemaregistry.document import parse

TICKS = (Path(__file__).resolve().parents[3] / "schemas" / "ticks_v1.json").read_bytes()
TEXT = "ts,symbol,price,size\n2026-01-05T09:30:00Z,A,1.5,1\n"
FILES = ("d/a.csv", "d/b.txt", "d/c.csv.part", "d/x/b.csv", "d/x/y/c.csv", "d/x/y/z.doc", "d/.h.csv", "d/_h.csv")

Run = Callable[..., Any]


@pytest.fixture
def same(tmp_path: Path, schema_load: Run, compiled: Callable[[bytes], Path]) -> Callable[..., dict[str, Any]]:
    """What both say of some names in the folder of the test."""
    contract = compiled(TICKS)

    def same(*patterns: str, strict: bool = False) -> dict[str, Any]:
        words = ["--strict"] if strict else []
        ran = schema_load(*patterns, "--contract", contract, "--json", "--check-only", *words, cwd=tmp_path)
        here = Path.cwd()
        os.chdir(tmp_path)
        try:
            report = check(find(patterns, strict=strict), compile_contract(parse(TICKS)))
        finally:
            os.chdir(here)
        python: dict[str, Any] = json.loads(json.dumps(report.to_json()))
        for name in ("verdict", "rows", "files", "notes", "error"):
            assert ran.report[name] == python[name]
        assert ran.code == report.exit_code
        return python

    return same


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(TEXT)
    return tmp_path


@pytest.mark.parametrize(
    "pattern",
    ["d", "./d", "d/", "d/x", "d/*.csv", "d/x*", "d/*/*.csv", "d/**/*.csv", "d/**", "**/y/*.csv", "d/[!b].csv", "[d]*"],
)
@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.usefixtures("files")
def test_the_same_files_are_found(pattern: str, strict: bool, same: Callable[..., Any]) -> None:
    found = same(pattern, strict=strict)
    assert found["files"] or found["error"]["reason"] == "PASSED_OVER"


@pytest.mark.usefixtures("files")
def test_each_file_is_read_once(same: Callable[..., Any]) -> None:
    assert same("d", "d/a.csv", "./d/a.csv", "d/../d/a.csv", "d/*/*.csv", "./d//x/b.csv")["rows"] == 3


@pytest.mark.parametrize("name", ["d/a2.csv", "d/z", "d/x/z.txt"])
def test_a_link_that_leads_nowhere(name: str, files: Path, same: Callable[..., Any]) -> None:
    (files / name).symlink_to("nowhere")
    assert same("d")["error"]["message"] == "a link to nowhere, which isn't there"
    assert same("d/**")["error"]["file"] == name
    assert same(name)["error"]["reason"] == "UNREADABLE"


def test_links_to_directories_and_pipes_are_passed_over(files: Path, same: Callable[..., Any]) -> None:
    (files / "d" / "x" / "y" / "link").symlink_to(files / "d")
    os.mkfifo(files / "d" / "x" / "y" / "p.csv")
    (note,) = same("d/x/y")["notes"]
    assert "passed over 1 link to directories: link" in note
    assert "move them away" in same("d/x/y", strict=True)["error"]["message"]


@pytest.mark.parametrize("name", ["t.csv.gz", "t.csv.zst", "t.ndjson.gz"])
def test_a_compressed_file_without_a_byte_is_cut_off(name: str, tmp_path: Path, same: Callable[..., Any]) -> None:
    (tmp_path / name).touch()
    assert same(name)["error"]["reason"] == "TRUNCATED"


def test_a_directory_without_data_is_a_mistake(
    tmp_path: Path, schema_load: Run, compiled: Callable[[bytes], Path]
) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.txt").touch()
    ran = schema_load("d", "--contract", compiled(TICKS), "--check-only", cwd=tmp_path)
    assert ran.code == 2
    assert "passed over 1 file whose names tell no format: a.txt" in ran.stderr
