"""Files whose names aren't UTF-8 or are as long as names may be, in every command and in each form of a report."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

from schemaregistry.cli.app import main
from tests.support.webhook import serving

ROWS = pa.table({"a": ["x", "yyy", "z"]})
DOCUMENT = {
    "$id": "a_v1",
    "version": "1.0.0",
    "type": "object",
    "properties": {"a": {"type": "string", "maxLength": 2}},
}
SUFFIXES = (".csv", ".csv.gz", ".parquet", ".arrow", ".ndjson")
ROOT = Path(__file__).resolve().parents[3]
CPP = ROOT / "build" / "cpp" / "schema-load"


def write(folder: Path, stem: bytes, suffix: str) -> None:
    plain = folder / f"plain{suffix}"
    match suffix:
        case ".csv" | ".csv.gz":
            with pa.output_stream(plain, compression="detect") as stream:
                pcsv.write_csv(ROWS, stream)
        case ".parquet":
            pq.write_table(ROWS, plain)
        case ".arrow":
            with pa.ipc.new_file(plain, ROWS.schema) as writer:
                writer.write_table(ROWS)
        case _:
            plain.write_text("".join(json.dumps(row) + "\n" for row in ROWS.to_pylist()))
    shutil.move(os.fsencode(plain), os.fsencode(folder) + b"/" + stem + suffix.encode())


class Command:
    """Runs `schemaregistry` in a folder."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
        self._monkeypatch, self._capture = monkeypatch, capfdbinary

    def __call__(self, *words: str) -> tuple[int, str, str]:
        self._monkeypatch.setattr(sys, "argv", ["schemaregistry", *words])
        self._capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self._capture.readouterr()
        return int(ended.value.code or 0), out.decode(), err.decode()


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> Command:
    (tmp_path / "in").mkdir()
    (tmp_path / "a.json").write_text(json.dumps(DOCUMENT))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCHEMAREGISTRY_CACHE", str(tmp_path / "cache"))
    return Command(monkeypatch, capfdbinary)


@pytest.fixture
def odd(command: Command) -> Command:
    for suffix in SUFFIXES:
        write(Path("in"), b"m\xfcller", suffix)
    return command


@pytest.mark.parametrize("form", ["text", "json", "html", "junit", "github"])
def test_every_form_of_a_report_is_utf8(odd: Command, form: str) -> None:
    code, out, err = odd("check", "in", "--schema", "a.json", "--report", form)
    assert (code, err) == (1, "")
    assert r"m\udcfcller" in out
    if form == "json":
        named = [facts["path"] for facts in json.loads(out)["files"]]
        assert {os.fsencode(name) for name in named} == {b"in/m\xfcller" + suffix.encode() for suffix in SUFFIXES}
    if form == "junit":
        ElementTree.fromstring(out)


@pytest.mark.parametrize("suffix", [suffix for suffix in SUFFIXES if suffix != ".ndjson"])
def test_a_document_is_proposed(odd: Command, suffix: str) -> None:
    code, out, _ = odd("arrow", os.fsdecode(b"in/m\xfcller" + suffix.encode()))
    assert (code, json.loads(out)["$id"]) == (0, "m_ller")


@pytest.mark.parametrize("words", [("load", "--policy", "quarantine"), ("clean",)], ids=["load", "clean"])
@pytest.mark.parametrize("to", ["out", "duckdb:rows.db#t", "-"])
def test_rows_set_aside_have_a_name_that_readers_take(odd: Command, words: tuple[str, ...], to: str) -> None:
    code, *_ = odd(*words, "in", "--schema", "a.json", "--to", to, "--quarantine", "aside") if to != "-" else (1,)
    if to == "-":
        command = [sys.executable, "-m", "schemaregistry", *words, "in", "--schema", "a.json", "--to", "-"]
        done = subprocess.run([*command, "--quarantine", "aside"], capture_output=True, check=False)
        assert pa.ipc.open_stream(done.stdout).read_all().num_rows == 2 * len(SUFFIXES)
        code = done.returncode
    assert code == 1
    [folder] = Path("aside").iterdir()
    kept = {file.name: pq.read_table(file) for file in folder.glob("*.parquet")}
    assert set(kept) == {f"m_ller{suffix}.parquet" for suffix in SUFFIXES}
    for name, rows in kept.items():
        assert rows["_file"].to_pylist() == ["in/" + name.removesuffix(".parquet").replace("_", r"\xfc")]
    json.loads((folder / "report.json").read_text())


def test_slack_is_told(odd: Command) -> None:
    with serving() as webhook:
        code, _, err = odd("load", "in", "--schema", "a.json", "--to", "out", "--slack-webhook", webhook.url)
        assert (code, err) == (1, "")
        assert r"m\udcfcller" in json.dumps(webhook.messages).replace("\\\\", "\\")


def test_a_schema_of_such_a_name(odd: Command) -> None:
    name = os.fsdecode(b"\xff.json")
    shutil.copy("a.json", name)
    assert odd("validate-schema", name)[0] == 0
    assert odd("check", "in", "--schema", name)[0] == 1
    assert odd("diff", name, name)[0] == 0


@pytest.mark.parametrize("length", [200, 240, 244, 247])
@pytest.mark.parametrize("letter", ["n", "ü"])
@pytest.mark.parametrize("words", [("load", "--policy", "quarantine"), ("clean",)], ids=["load", "clean"])
def test_long_names(command: Command, length: int, letter: str, words: tuple[str, ...]) -> None:
    stem = (letter.encode() * length)[:length]
    write(Path("in"), stem if letter == "n" else stem[: length // 2 * 2], ".parquet")
    code, _, err = command(*words, "in", "--schema", "a.json", "--to", "out")
    assert code == 1, err
    assert [pq.read_metadata(file).num_rows for file in Path("out").iterdir()] == [2]
    [folder] = Path("out.quarantine").iterdir()
    assert [pq.read_metadata(file).num_rows for file in folder.glob("*.parquet")] == [1]


def test_two_long_names_that_begin_alike(command: Command) -> None:
    for last in (b"a", b"b"):
        write(Path("in"), b"n" * 240 + last, ".parquet")
    command("load", "in", "--schema", "a.json", "--to", "out", "--policy", "quarantine")
    [folder] = Path("out.quarantine").iterdir()
    assert [pq.read_metadata(file).num_rows for file in folder.glob("*.parquet")] == [1, 1]


@pytest.mark.skipif(not CPP.exists(), reason="the C++ client isn't built: make cpp")
def test_cpp_prints_the_same_names(odd: Command) -> None:
    assert odd("contract", "a.json", "-o", "a.pb")[0] == 0
    theirs = subprocess.run(
        [CPP, "in", "--contract", "a.pb", "--check-only", "--json"], capture_output=True, check=False
    )
    _, ours, _ = odd("check", "in", "--schema", "a.json", "--json")
    assert json.loads(theirs.stdout.decode())["files"] == json.loads(ours)["files"]
