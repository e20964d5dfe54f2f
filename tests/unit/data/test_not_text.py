"""Files whose name says text and that are none, or nothing at all: told what they are, and what to do."""

import bz2
import gzip
import io
import json
import lzma
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import Directory, check, find, load
from schemaregistry.data.readers import stdin
from schemaregistry.document import parse

DOCUMENT = b"""{"$id": "t_v1", "version": "1.0.0", "type": "object",
    "properties": {"sym": {"type": "string"}, "n": {"type": "integer"}}, "required": ["sym"]}"""
CONTRACT = compile_contract(parse(DOCUMENT))
TEXT = b"sym,n\nA,1\n"


def parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"sym": ["A"], "n": [1]}), sink)
    return sink.getvalue()


def arrow() -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, pa.schema([("sym", pa.string())])) as writer:
        writer.write_table(pa.table({"sym": ["A"]}))
    return sink.getvalue()


def zipped() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("t.csv", TEXT)
    return sink.getvalue()


OTHERS: dict[str, tuple[bytes, str]] = {
    "gzip": (gzip.compress(TEXT), "it is gzip: let its name end in .gz"),
    "zstd": (pa.compress(TEXT, "zstd", asbytes=True), "it is zstd: let its name end in .zst"),
    "bz2": (bz2.compress(TEXT), "it is bz2: let its name end in .bz2"),
    "xz": (lzma.compress(TEXT), "it is xz: let its name end in .xz"),
    "zip": (zipped(), "it is zip: let its name end in .zip"),
    "Parquet": (parquet(), "it is parquet: let its name say so, or say --format parquet"),
    "Arrow": (arrow(), "it is arrow: let its name say so, or say --format arrow"),
    "the start of Parquet": (b"PAR1" + bytes(100), "it is parquet"),
}
EMPTY = 'the file is empty: not even the names of the columns are there ("sym,n")'
CASES: list[tuple[str, bytes, str, str]] = [
    *(
        (name, data, "WRONG_FORMAT", f"not {name.rpartition('.')[2]}: {said}")
        for data, said in OTHERS.values()
        for name in ("t.csv", "t.ndjson", "t.json")
    ),
    *(("t.csv", data, "MISSING_HEADER", EMPTY) for data in (b"", b"\n", b"\r\n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n")),
    ("t.csv.gz", gzip.compress(b""), "MISSING_HEADER", EMPTY),
    ("t.csv", bytes(64), "NOT_CSV", "the header has NULs in it"),
    ("t.csv", "a,b\n1,2\n".encode("utf-16le"), "NOT_CSV", "say --encoding utf-16le"),
    ("t.csv", b"\0x\n1\n", "NOT_CSV", "the header has NULs in it"),
    ("t.ndjson", bytes(64), "NOT_JSON", "not JSON"),
]
EACH = pytest.mark.parametrize(
    ("name", "data", "reason", "message"),
    CASES,
    ids=[f"{case[0]} {case[3][:40]} {at}" for at, case in enumerate(CASES)],
)
TEXTS = pytest.mark.parametrize("header", ["PAR1", "ARROW1", "BZh9", "PK"])


@EACH
def test_a_file_that_is_no_text(name: str, data: bytes, reason: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    error = check(find([str(tmp_path / name)]), CONTRACT).error
    assert error is not None
    assert error.reason == reason
    assert message in error.message


@EACH
def test_nothing_of_it_is_handed_on(name: str, data: bytes, reason: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    into: Callable[[pa.Schema], Directory] = lambda schema: Directory(tmp_path / "out", schema, "t")  # noqa: E731
    loaded = load(find([str(tmp_path / name)]), CONTRACT, into, policy="warn")
    assert loaded.report.error is not None
    assert (loaded.report.error.reason, loaded.place) == (reason, None)
    assert message in loaded.report.error.message


@pytest.mark.parametrize("data", [b"", b"\n", b"PAR1" + bytes(100), arrow()])
def test_standard_input_that_is_no_csv(data: bytes) -> None:
    error = check([stdin.piped("csv", io.BytesIO(data))], CONTRACT).error
    assert error is not None
    assert error.reason in ("MISSING_HEADER", "WRONG_FORMAT")


@TEXTS
def test_a_header_may_start_as_another_format_does(header: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"{header},sym\n1,A\n")
    assert check(find([str(tmp_path / "t.csv")]), CONTRACT).rows == 1


def test_no_records_of_json_are_no_rows(tmp_path: Path) -> None:
    for name, text in (("t.ndjson", ""), ("u.ndjson", "\n\n"), ("t.json", "[]"), ("u.json", "")):
        (tmp_path / name).write_text(text)
        report = check(find([str(tmp_path / name)]), CONTRACT)
        assert (report.verdict, report.rows) == ("conforms", 0)
        assert "no rows" in report.notes[0]


@EACH
def test_cpp_says_the_same(
    name: str,
    data: bytes,
    reason: str,
    message: str,
    tmp_path: Path,
) -> None:
    cpp = Path(__file__).resolve().parents[3] / "build" / "cpp" / "schema-load"
    if not cpp.exists():
        pytest.skip("the C++ client isn't built: make cpp")
    (tmp_path / name).write_bytes(data)
    (tmp_path / "c.pb").write_bytes(CONTRACT.SerializeToString(deterministic=True))
    command = [cpp, tmp_path / name, "--contract", tmp_path / "c.pb", "--check-only", "--json"]
    told: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    assert told["error"]["reason"] == reason
    assert message in told["error"]["message"]
