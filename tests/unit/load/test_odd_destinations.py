"""Destinations whose place is taken by a pipe, a link or a plain file: nothing is replaced, and no row is lost."""

import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemaregistry.cli.load_options import destination
from schemaregistry.data import Quarantine, find, load
from schemaregistry.errors import InvalidArgument
from schemaregistry.v1.contract_pb2 import Contract

Make = Callable[..., Path]


@pytest.mark.parametrize("name", ["pipe", "duckdb:pipe#t"])
def test_a_pipe_is_no_destination(
    name: str, ticks: Contract, make_ticks: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = find([str(make_ticks("t.csv"))])
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    with pytest.raises(InvalidArgument):
        load(sources, ticks, destination(name, sources))
    assert stat.S_ISFIFO(Path("pipe").stat().st_mode)


def test_a_pipe_where_the_rows_would_go_stays_and_the_load_is_undecided(
    ticks: Contract, make_ticks: Make, tmp_path: Path
) -> None:
    sources = find([str(make_ticks("t.csv"))])
    to = str(tmp_path / "out")
    first = load(sources, ticks, destination(to, sources))
    Path(str(first.place)).unlink()
    os.mkfifo(str(first.place))
    again = load(sources, ticks, destination(to, sources))
    assert (again.exit_code, again.place) == (3, None)
    assert again.report.error is not None
    assert "no regular file" in again.report.error.message
    assert stat.S_ISFIFO(Path(str(first.place)).stat().st_mode)


def test_a_link_to_a_database_stays(ticks: Contract, make_ticks: Make, tmp_path: Path) -> None:
    sources = find([str(make_ticks("t.csv"))])
    (tmp_path / "link").symlink_to("real.duckdb")
    for _ in range(2):
        load(sources, ticks, destination(f"duckdb:{tmp_path / 'link'}#t", sources))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real.duckdb").is_file()


def test_a_file_where_the_quarantine_would_be_does_not_stand_for_it(
    ticks: Contract, make_ticks: Make, tmp_path: Path
) -> None:
    sources = find([str(make_ticks("t.csv", fault="bad_enum", fault_rows=2))])

    def run() -> "tuple[int, str | None]":
        done = load(
            sources,
            ticks,
            destination(str(tmp_path / "out"), sources),
            policy=lambda: Quarantine(tmp_path / "aside", "t"),
        )
        return done.exit_code, done.quarantine

    _, folder = run()
    place = Path(str(folder))
    for each in place.iterdir():
        each.unlink()
    place.rmdir()
    place.write_text("another's")
    assert run() == (3, None)
    assert place.read_text() == "another's"


def test_a_folder_that_another_load_removes_meanwhile_is_made_again(
    ticks: Contract, make_ticks: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources, to, removed = find([str(make_ticks("t.csv"))]), tmp_path / "out", []
    make = tempfile.mkstemp

    def after_another_failed(*args: Any, **options: Any) -> Any:
        if not removed:
            removed.append(to)
            to.rmdir()
        return make(*args, **options)

    monkeypatch.setattr(tempfile, "mkstemp", after_another_failed)
    loaded = load(sources, ticks, destination(str(to), sources))
    assert (loaded.exit_code, removed) == (0, [to])
    assert Path(str(loaded.place)).is_file()
