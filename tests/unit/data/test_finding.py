"""Which files names, directories and globs stand for: each once, and none left out without a word."""

import gzip
import os
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import schemaregistry
from schemaregistry.data import Report, check, find
from schemaregistry.errors import InvalidArgument
from schemaregistry.v1.contract_pb2 import Contract

TEXT = b"ts,symbol,price,size\n2026-01-05T09:30:00Z,A,1.5,1\n"
Put = Callable[..., Path]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """`put("d/a.csv")`: a file of one tick."""

    def put(name: str, content: bytes = TEXT) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return put


def names(tmp_path: Path, *patterns: str) -> list[str]:
    return [
        str(Path(source.path).relative_to(tmp_path)) for source in find([str(tmp_path / each) for each in patterns])
    ]


def reason(report: Report) -> tuple[str, str]:
    assert report.verdict == "undecided"
    assert report.exit_code == 3
    assert report.error is not None
    return report.error.reason, report.error.file


def test_what_is_passed_over_in_a_directory_is_counted_and_named(put: Put, tmp_path: Path, ticks: Contract) -> None:
    for name in ("a.csv", "b.txt", "c.csv.part", "within/d.doc", "within/e.csv", "_SUCCESS", ".hidden.txt", "_t/x.txt"):
        put(f"d/{name}")
    report = check(find([str(tmp_path / "d")]), ticks)
    note = f"{tmp_path}/d: passed over 3 files whose names tell no format: b.txt, c.csv.part, within/d.doc"
    assert (report.verdict, report.rows, report.notes) == ("conforms", 2, (note,))


def test_many_that_are_passed_over_are_counted(put: Put, tmp_path: Path, ticks: Contract) -> None:
    put("d/a.csv")
    for number in range(100):
        put(f"d/{number:03}.txt")
    (note,) = check(find([str(tmp_path / "d")]), ticks).notes
    assert "passed over 100 files" in note
    assert note.endswith("008.txt, 009.txt and 90 more")


def test_strictly_what_is_passed_over_makes_the_answer_undecided(put: Put, tmp_path: Path, ticks: Contract) -> None:
    put("d/a.csv")
    put("d/b.txt")
    folder = str(tmp_path / "d")
    report = check(find([folder], strict=True), ticks)
    assert reason(report) == ("PASSED_OVER", folder)
    assert "b.txt" in report.error.message if report.error else False
    schema = Path(__file__).resolve().parents[3] / "schemas" / "ticks_v1.json"
    assert reason(schemaregistry.check(folder, schema, strict=True)) == ("PASSED_OVER", folder)
    assert schemaregistry.check(folder, schema).verdict == "conforms"


@pytest.mark.parametrize("name", ["a.csv", "z.csv", "z", "z.txt", "within/z.csv"])
def test_a_link_in_a_directory_that_leads_nowhere_makes_the_answer_undecided(
    name: str, put: Put, tmp_path: Path, ticks: Contract
) -> None:
    put("d/m.csv")
    link = tmp_path / "d" / name
    link.parent.mkdir(exist_ok=True)
    link.symlink_to("nowhere")
    for pattern in ("d", "d/*", "d/**"):
        report = check(find([str(tmp_path / pattern)]), ticks)
        assert reason(report) == ("UNREADABLE", str(link))
        assert "a link to nowhere, which isn't there" in report.error.message if report.error else False


def test_a_link_that_is_named_and_leads_nowhere_or_to_itself(tmp_path: Path, ticks: Contract) -> None:
    for name, target in (("a.csv", "nowhere"), ("b", "nowhere"), ("c.csv", "c.csv")):
        (tmp_path / name).symlink_to(target)
        assert reason(check(find([str(tmp_path / name)]), ticks)) == ("UNREADABLE", str(tmp_path / name))


def test_a_hidden_link_that_leads_nowhere_is_an_editors(put: Put, tmp_path: Path, ticks: Contract) -> None:
    put("d/a.csv")
    (tmp_path / "d" / ".#a.csv").symlink_to("someone@host.1234")
    assert check(find([str(tmp_path / "d")]), ticks).verdict == "conforms"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("pattern", ["d", "d/*/*", "d/**"])
def test_what_may_not_be_read_makes_the_answer_undecided(
    pattern: str, put: Put, tmp_path: Path, ticks: Contract
) -> None:
    put("d/a.csv")
    put("d/within/b.csv")
    (tmp_path / "d" / "within").chmod(0)
    try:
        assert reason(check(find([str(tmp_path / pattern)]), ticks)) == ("UNREADABLE", str(tmp_path / "d" / "within"))
    finally:
        (tmp_path / "d" / "within").chmod(0o755)


def test_a_directory_that_can_not_be_listed_makes_the_answer_undecided(
    put: Put, tmp_path: Path, ticks: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("d/a.csv")
    put("d/within/b.csv")
    scandir = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("within"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    for pattern in ("d", "d/*/*.csv", "d/*"):
        assert reason(check(find([str(tmp_path / pattern)]), ticks)) == ("UNREADABLE", str(tmp_path / "d" / "within"))


def test_a_link_to_a_directory_and_a_pipe_are_passed_over(put: Put, tmp_path: Path, ticks: Contract) -> None:
    put("d/a.csv")
    put("other/b.csv")
    (tmp_path / "d" / "link").symlink_to(tmp_path / "other")
    os.mkfifo(tmp_path / "d" / "pipe.csv")
    report = check(find([str(tmp_path / "d")]), ticks)
    assert report.rows == 1
    said = "passed over 1 link to directories: link; passed over 1 special file (pipes, sockets, devices): pipe.csv"
    assert report.notes == (f"{tmp_path}/d: {said}",)
    strictly = check(find([str(tmp_path / "d")], strict=True), ticks).error
    assert strictly is not None
    advice = "name a link itself, and its directory is read; write what comes out of one to a file; or move them away"
    assert strictly.message == f"{said}: {advice}"
    assert check(find([str(tmp_path / "d" / "link")]), ticks).rows == 1


def test_each_file_is_read_once_however_it_is_spelled(
    put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("d/a.csv")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to("d")
    spellings = ["d", "d/a.csv", "./d/a.csv", "d/../d/a.csv", str(tmp_path / "d"), "link/a.csv", "*/a.csv", "**/*.csv"]
    assert [source.path for source in find(spellings)] == ["d/a.csv"]


def test_a_directory_whose_own_path_is_hidden_is_read(
    put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(".cache/_stage/d/a.csv")
    put(".cache/_stage/d/_b.csv")
    assert names(tmp_path, ".cache/_stage/d") == [".cache/_stage/d/a.csv"]
    monkeypatch.chdir(tmp_path / ".cache" / "_stage" / "d")
    assert [source.path for source in find(["../d"])] == ["../d/a.csv"]
    assert [source.path for source in find(["."])] == ["./a.csv"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("d/*.csv", ["d/a.csv"]),
        ("d/*", ["d/a.csv", "d/x/b.csv", "d/x/y/c.csv"]),
        ("d/x*", ["d/x/b.csv", "d/x/y/c.csv"]),
        ("d/*/*.csv", ["d/x/b.csv"]),
        ("d/**/*.csv", ["d/a.csv", "d/x/b.csv", "d/x/y/c.csv"]),
        ("d/**", ["d/a.csv", "d/x/b.csv", "d/x/y/c.csv"]),
        ("**/y/*.csv", ["d/x/y/c.csv"]),
        ("d/[!b].csv", ["d/a.csv"]),
        ("d/?.csv", ["d/a.csv"]),
    ],
)
def test_a_glob_stands_for_files_and_for_directories(pattern: str, found: list[str], put: Put, tmp_path: Path) -> None:
    for name in ("d/a.csv", "d/x/b.csv", "d/x/y/c.csv", "d/.h.csv", "d/.z/h.csv"):
        put(name)
    assert names(tmp_path, pattern) == found


def test_a_directory_without_data_says_what_it_holds(put: Put, tmp_path: Path) -> None:
    put("d/a.txt")
    with pytest.raises(InvalidArgument, match=r"passed over 1 file whose names tell no format: a\.txt") as raised:
        find([str(tmp_path / "d")])
    assert raised.value.reason == "NOTHING_TO_CHECK"


@pytest.mark.parametrize("name", ["t.csv.gz", "t.csv.zst", "t.ndjson.gz", "t.jsonl.zst"])
def test_a_compressed_file_without_a_byte_is_cut_off(name: str, put: Put, ticks: Contract) -> None:
    path = str(put(name, b""))
    assert reason(check(find([path]), ticks)) == ("TRUNCATED", path)


def test_a_compressed_file_of_nothing_is_empty(put: Put, ticks: Contract) -> None:
    report = check(find([str(put("t.ndjson.gz", gzip.compress(b"")))]), ticks)
    assert report.error is None


def test_an_empty_name_is_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unset variable of a shell, not the directory that one happens to be in."""
    (tmp_path / "a.csv").write_text("a\n1\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidArgument, match="is a variable empty"):
        find([""])


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_name_in_another_unicode_form_is_pointed_out(forms: tuple[Any, Any], tmp_path: Path) -> None:
    stored, named = (str(tmp_path / unicodedata.normalize(form, "Zürich.csv")) for form in forms)
    Path(stored).write_text("a\n1\n")
    with pytest.raises(InvalidArgument, match="NFC and NFD") as refused:
        find([named])
    assert refused.value.reason == "NO_SUCH_FILE"
    with pytest.raises(InvalidArgument) as missing:
        find([str(tmp_path / "Zurich.csv")])
    assert "NFC" not in str(missing.value)
