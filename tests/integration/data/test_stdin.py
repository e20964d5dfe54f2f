"""Standard input: judged as a file of the same bytes is."""

import gzip
import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from devtools.make_ticks import Ticks, make
from schemaregistry import data
from schemaregistry.data import Report
from schemaregistry.data.readers import stdin
from schemaregistry.errors import InvalidArgument
from schemaregistry.v1.contract_pb2 import Contract

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = ROOT / "schemas" / "ticks_v1.json"


@pytest.fixture(scope="module", params=[None, "bad_enum"])
def files(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The same ticks, clean or not, in every format."""
    folder = tmp_path_factory.mktemp("ticks")
    for kind in ("parquet", "csv", "ndjson"):
        make(folder / kind, Ticks(5000, kind, request.param))
    table = pq.read_table(folder / "parquet")
    made = {path.name: path.read_bytes() for path in folder.iterdir()}
    for name, new in (("arrow", pa.ipc.new_file), ("stream", pa.ipc.new_stream)):
        sink = io.BytesIO()
        with new(sink, table.schema) as writer:
            writer.write_table(table, 1000)
        made[name] = sink.getvalue()
    return made


def through_a_pipe(content: bytes, contract: Contract, stated: str | None = None) -> Report:
    return data.check([stdin.piped(stated, io.BytesIO(content))], contract)


def named(report: Report, name: str) -> Report:
    """A report on one file as if it had another name, without what hangs on the run."""
    examples = [[replace(it, file=name) for it in violation.examples] for violation in report.violations]
    violations = [replace(it, examples=tuple(shown)) for it, shown in zip(report.violations, examples, strict=True)]
    files = [replace(it, path=name) for it in report.files]
    return replace(
        report, violations=violations, files=files, notes=(), seconds=0, rows_per_second=0, peak_memory_bytes=0
    )


@pytest.mark.parametrize("kind", ["parquet", "arrow", "stream", "ndjson", "csv"])
def test_a_pipe_is_judged_as_a_file_of_the_same_bytes(
    kind: str, files: dict[str, bytes], ticks: Contract, tmp_path: Path
) -> None:
    path = tmp_path / f"ticks.{'arrow' if kind == 'stream' else kind}"
    path.write_bytes(files[kind])
    piped = through_a_pipe(files[kind], ticks, "csv" if kind == "csv" else None)
    assert piped.rows == 5000
    assert piped.files[0].bytes == len(files[kind])
    assert named(piped, "x") == named(data.check(data.find([str(path)]), ticks), "x")


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_what_is_kept_in_a_file_meanwhile_is_said(kind: str, files: dict[str, bytes], ticks: Contract) -> None:
    said = f"<stdin>: {len(files[kind]):,} bytes were kept in a temporary file while they were checked"
    assert said in through_a_pipe(files[kind], ticks).notes


@pytest.mark.parametrize("kind", ["stream", "ndjson"])
def test_what_can_be_read_as_it_comes_is_kept_nowhere(kind: str, files: dict[str, bytes], ticks: Contract) -> None:
    assert not any("kept" in note for note in through_a_pipe(files[kind], ticks).notes)


def test_more_than_may_be_kept_halts(files: dict[str, bytes], ticks: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stdin, "MOST_KEPT", 1000)
    report = through_a_pipe(files["parquet"], ticks)
    assert report.error
    assert (report.verdict, report.error.reason) == ("undecided", "TOO_LARGE")


def test_compressed_text_is_told_by_its_first_bytes(files: dict[str, bytes], ticks: Contract) -> None:
    assert through_a_pipe(gzip.compress(files["csv"]), ticks, "csv").rows == 5000


def test_a_pipe_whose_format_nothing_tells_is_refused(files: dict[str, bytes]) -> None:
    with pytest.raises(InvalidArgument) as refused:
        stdin.piped(None, io.BytesIO(files["csv"]))
    assert refused.value.reason == "UNKNOWN_FORMAT"
    assert "--format" in refused.value.message


def test_a_parquet_file_that_was_cut_off_halts(files: dict[str, bytes], ticks: Contract) -> None:
    report = through_a_pipe(files["parquet"][:-100], ticks)
    assert report.error
    assert (report.error.file, report.error.reason) == ("<stdin>", "TRUNCATED")


@pytest.mark.parametrize("kind", ["parquet", "ndjson"])
def test_the_command_reads_standard_input(kind: str, files: dict[str, bytes]) -> None:
    command = [sys.executable, "-m", "schemaregistry", "check", "-", "--schema", str(SCHEMA), "--json"]
    done = subprocess.run(command, input=files[kind], capture_output=True, check=False)
    assert b'"<stdin>"' in done.stdout, done.stderr
    assert done.returncode == (b'"violates"' in done.stdout)


def test_the_gate_hands_standard_input_on(files: dict[str, bytes], tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "schemaregistry",
        "load",
        "-",
        "--schema",
        str(SCHEMA),
        "--to",
        str(tmp_path / "to"),
    ]
    done = subprocess.run(command, input=files["parquet"], capture_output=True, check=False)
    loaded = list((tmp_path / "to").glob("*.parquet"))
    assert done.returncode == (0 if loaded else 1), done.stderr
    if loaded:
        assert pq.read_table(loaded[0]).num_rows == 5000
