"""A load whose output the next load would read is refused, by whatever spelling or link; nothing is made."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from schemaregistry.cli.app import main

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = str(ROOT / "schemas" / "ticks_v1.json")
TEXT = "ts,symbol,price,size\n2026-01-05T09:30:00Z,A,1.5,1\n"
BAD = "ts,symbol,price,size\n2026-01-05T09:30:00Z,A,x,1\n"

Ended = Callable[..., tuple[int, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Ended:
    """A command in the folder of the test, with its exit code and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCHEMAREGISTRY_CACHE", str(tmp_path.parent / f"{tmp_path.name}-cache"))

    def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["schemaregistry", *words, "--schema", SCHEMA])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), capfd.readouterr().err

    return run


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    (tmp_path / "src" / "within").mkdir(parents=True)
    (tmp_path / "src" / "t.csv").write_text(TEXT)
    (tmp_path / "src" / "within" / "u.csv").write_text(TEXT.replace("A", "B"))
    (tmp_path / "link").symlink_to("src")
    (tmp_path / "deep").symlink_to("src/within")
    return tmp_path


def everything(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("command", ["load", "clean"])
@pytest.mark.parametrize(
    ("source", "to"),
    [
        ("src", "src"),
        ("src", "./src/"),
        ("src", "src/../src"),
        ("src/within/..", "src"),
        ("src", "link"),
        ("link", "src"),
        ("src", "src/new"),
        ("src", "src/new/deeper"),
        ("src", "link/new"),
        ("src", "src/within"),
        ("src", "deep"),
        ("src/within", "src"),
        ("deep", "src"),
        ("src/within", "."),
        (".", "out"),
        ("src/t.csv", "src"),
        ("src/t.csv", "link"),
        ("link/t.csv", "src"),
        ("src/within/u.csv", "src"),
        ("src/*.csv", "src"),
        ("src/*", "src/new"),
        ("*/*.csv", "src"),
        ("*", "new"),
        ("*/*", "new"),
        ("**/*.parquet", "new"),
        ("src/**", "src/new"),
        ("src", "duckdb:src/t.duckdb#t"),
        ("src", "duckdb:deep/t.duckdb#t"),
    ],
)
def test_a_destination_that_overlaps_is_refused(command: str, source: str, to: str, run: Ended, folders: Path) -> None:
    if source == "**/*.parquet":
        (folders / "src" / "t.parquet").write_bytes(b"never read")
    before = everything(folders)
    code, said = run(command, source, "--to", to)
    assert code == 2, said
    assert "Name a place apart from what is read" in said
    assert everything(folders) == before


def test_an_absolute_path_is_the_same_as_a_relative_one(run: Ended, folders: Path) -> None:
    assert run("load", str(folders / "src"), "--to", "src")[0] == 2
    assert run("load", "src", "--to", str(folders / "link" / "new"))[0] == 2


@pytest.mark.parametrize("to", ["duckdb:src/t.csv#t", "duckdb:t.duckdb#t"])
def test_a_database_that_is_a_source_is_refused(to: str, run: Ended, folders: Path) -> None:
    os.link(folders / "src" / "t.csv", folders / "t.duckdb")
    assert run("load", "src", "--to", to)[0] == 2
    assert (folders / "t.duckdb").read_text() == TEXT


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("src", ("--to", "out", "--quarantine", "src/aside")),
        ("src", ("--to", "out", "--quarantine", "deep")),
        ("aside/t.csv", ("--to", "out", "--quarantine", "aside")),
        ("aside", ("--to", "out", "--quarantine", "aside")),
        ("out.quarantine", ("--to", "out")),
    ],
)
def test_a_quarantine_that_overlaps_is_refused(source: str, words: tuple[str, ...], run: Ended, folders: Path) -> None:
    for folder in ("aside", "out.quarantine"):
        (folders / folder).mkdir()
        (folders / folder / "t.csv").write_text(BAD)
    before = everything(folders)
    for command in (("load", "--policy", "quarantine"), ("clean",)):
        code, said = run(*command, source, *words)
        assert code == 2, said
        assert "quarantine" in said
        assert everything(folders) == before


@pytest.mark.parametrize(
    ("source", "to"),
    [
        ("src", "out"),
        ("src", "srcs"),
        ("src/t.csv", "out"),
        ("src/t.csv", "src/new"),
        ("src/*.csv", "src/new"),
        ("*/t.csv", "src/new"),
        ("src/within", "src/other"),
        ("src", "duckdb:t.duckdb#t"),
        ("src/t.csv", "duckdb:src/t.duckdb#t"),
    ],
)
def test_a_destination_apart_from_the_source_is_taken(source: str, to: str, run: Ended, folders: Path) -> None:
    code, said = run("load", source, "--to", to)
    assert code == 0, said


def test_a_stream_that_goes_into_the_source_is_refused(folders: Path) -> None:
    (folders / "src" / "out.arrows").touch()
    command = [sys.executable, "-m", "schemaregistry", "load", "src", "--schema", SCHEMA, "--to", "-"]
    with (folders / "src" / "out.arrows").open("wb") as out:
        done = subprocess.run(command, cwd=folders, stdout=out, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert "it is the destination itself" in done.stderr
    assert (folders / "src" / "out.arrows").read_bytes() == b""
