"""Pages of Parquet that state more of themselves than there is: told before any of it is asked of the system."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import Report, check, find
from schemaregistry.data.readers import parquet_pages, stdin
from schemaregistry.data.readers.parquet_footer import row_groups
from schemaregistry.document import parse

CPP = Path(__file__).resolve().parents[3] / "build" / "cpp" / "schema-load"
DOCUMENT = b"""{"$id": "p_v1", "version": "1.0.0", "type": "object",
    "properties": {"n": {"type": "integer"}, "l": {"type": "array", "items": {"type": ["integer", "null"]}}}}"""
CONTRACT = compile_contract(parse(DOCUMENT))
MOST_BYTES = 400 << 20
"""A reader that believes one of the headers here takes a gigabyte; pyarrow itself a hundred megabytes."""


def number(value: int) -> bytes:
    """As Thrift's compact protocol has one."""
    zigzag, packed = value << 1 if value >= 0 else (-value << 1) - 1, bytearray()
    while zigzag >= 0x80:
        packed.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    return bytes((*packed, zigzag))


def file_of(size: int = 3, packed: int = 3, values: int = 3, kind: str = "data") -> bytes:
    """A Parquet file whose first page says so of itself, instead of what is true."""
    sink = io.BytesIO()
    pq.write_table(
        pa.table({"n": range(3)}),
        sink,
        compression="none",
        use_dictionary=kind == "dictionary",
        write_statistics=False,
        store_schema=False,
    )
    data = sink.getvalue()
    first = {"data": b"\x15\x00\x15", "dictionary": b"\x15\x04\x15"}[kind]
    assert data[4:7] == first
    inner = {"data": b"\x2c\x15", "dictionary": b"\x4c\x15"}[kind]
    start = data.index(inner, 4)
    header = first + number(size) + b"\x15" + number(packed) + inner + number(values)
    # As long as the other was: what comes after stays where it is.
    after = data[start + len(inner) + 1 :]
    grown = len(data[:4]) + len(header) - (start + len(inner) + 1)
    return data[:4] + header + after[grown:]


FAR = 1 << 30
WRONG: dict[str, tuple[bytes, str]] = {
    "more bytes than its column": (file_of(packed=FAR), "has 1,073,741,824 bytes where its column has"),
    "bytes below zero": (file_of(packed=-1), "has -1 bytes where its column has"),
    "more bytes unpacked than its column": (file_of(size=FAR), "becomes 1,073,741,824 bytes"),
    "more values in a dictionary than bytes": (
        file_of(24, 24, FAR, "dictionary"),
        "is a dictionary of 1,073,741,824 values in 24 bytes",
    ),
    "values below zero": (file_of(24, 24, -5), "has -5 values"),
}


@pytest.fixture(params=WRONG)
def wrong(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    data, said = WRONG[request.param]
    (tmp_path / "p.parquet").write_bytes(data)
    return tmp_path / "p.parquet", said


def is_told(report: dict[str, Any], said: str) -> bool:
    error = report["error"]
    assert (report["verdict"], error["reason"], error["offset"]) == ("undecided", "CORRUPT", 4)
    return said in error["message"] and report["peak_memory_bytes"] < MOST_BYTES


def test_a_page_that_states_too_much_is_told_before_memory_is_taken(wrong: tuple[Path, str], tmp_path: Path) -> None:
    path, said = wrong
    (tmp_path / "p_v1.json").write_bytes(DOCUMENT)
    command = [sys.executable, "-m", "schemaregistry", "check", path, "--schema", tmp_path / "p_v1.json", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert is_told(json.loads(done.stdout), said)


@pytest.mark.skipif(not CPP.exists(), reason="the C++ client isn't built: make cpp")
def test_cpp_says_the_same(wrong: tuple[Path, str], tmp_path: Path) -> None:
    path, said = wrong
    (tmp_path / "c.pb").write_bytes(CONTRACT.SerializeToString(deterministic=True))
    command = [CPP, path, "--contract", tmp_path / "c.pb", "--check-only", "--json"]
    held = b"1" * MOST_BYTES  # what starts a program isn't part of its memory
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    del held
    theirs = json.loads(done.stdout)
    assert is_told(theirs, said)
    python = check(find([str(path)]), CONTRACT).error
    assert python is not None
    assert theirs["error"]["message"] == python.message


def test_standard_input(wrong: tuple[Path, str]) -> None:
    path, said = wrong
    error = check([stdin.piped(None, io.BytesIO(path.read_bytes()))], CONTRACT).error
    assert error is not None
    assert (error.reason, error.offset) == ("CORRUPT", 4)
    assert said in error.message


def test_columns_that_the_contract_does_not_name_are_not_looked_at(wrong: tuple[Path, str]) -> None:
    other = compile_contract(parse(DOCUMENT.replace(b'"n"', b'"m"')))
    assert check(find([str(wrong[0])]), other).verdict == "conforms"


def judged(table: pa.Table, path: Path, **how: Any) -> Report:
    pq.write_table(table, path, **how)
    return check(find([str(path)]), CONTRACT)


Small = Callable[[str, int], None]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Small:
    """A bomb is small here."""
    return lambda name, value: monkeypatch.setattr(parquet_pages, f"_BOMB_{name}", value)


ZEROS = pa.table({"n": pa.array([0] * 500_000)})


def test_pages_that_unpack_to_too_much_at_a_time_are_a_bomb(small: Small, tmp_path: Path) -> None:
    how: dict[str, Any] = {"compression": "zstd", "use_dictionary": False, "data_page_size": 1 << 24}
    how["max_rows_per_page"] = 500_000
    assert judged(ZEROS, tmp_path / "p.parquet", **how).verdict == "conforms"
    small("BYTES", 1 << 21)
    report = judged(ZEROS, tmp_path / "p.parquet", **how)
    assert report.error is not None
    assert report.error.reason == "DECOMPRESSION_BOMB"
    assert "4,000,0" in report.error.message


def test_many_values_in_few_bytes_are_a_bomb(small: Small, tmp_path: Path) -> None:
    small("VALUES", 10_000)
    report = judged(ZEROS, tmp_path / "p.parquet", max_rows_per_page=500_000)
    assert report.error is not None
    assert "would become 500,000 values" in report.error.message
    assert judged(ZEROS, tmp_path / "q.parquet", max_rows_per_page=5_000).verdict == "conforms"


def test_many_items_in_few_bytes_are_a_bomb_whatever_the_pages(small: Small, tmp_path: Path) -> None:
    """A row of lists is in memory whole."""
    nulls = pa.table({"l": pa.array([[None] * 5_000] * 100, pa.list_(pa.int64()))})
    how: dict[str, Any] = {"max_rows_per_page": 1}
    assert judged(nulls, tmp_path / "p.parquet", **how).verdict == "conforms"
    small("VALUES", 10_000)
    small("RATIO", 50)
    report = judged(nulls, tmp_path / "p.parquet", **how)
    assert report.error is not None
    assert "would become 500,000 values" in report.error.message


def test_headers_longer_than_usual_are_read(tmp_path: Path) -> None:
    """Statistics of long texts are in them."""
    texts = pa.table({"s": ["x" * 3_000, "y" * 3_000]})
    pq.write_table(texts, tmp_path / "p.parquet", write_page_index=False, compression="none")
    document = DOCUMENT.replace(b'"n": {"type": "integer"}', b'"s": {"type": "string"}')
    assert check(find([str(tmp_path / "p.parquet")]), compile_contract(parse(document))).verdict == "conforms"


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_every_page_is_found(version: str, tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    pq.write_table(pa.table({"n": range(1_000)}), path, data_page_version=version, max_rows_per_page=10)
    with path.open("rb") as stream:
        (group,) = row_groups(stream, path.stat().st_size)
        pages = list(parquet_pages.pages(str(path), stream.fileno(), group.chunks[0]))
    assert sum(page.values for page in pages[1:]) == 1_000
    assert len(pages) == 101
    last = pages[-1]
    assert last.offset + last.header + last.packed == group.chunks[0].offset + group.chunks[0].packed
