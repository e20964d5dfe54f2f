"""Compressed files: the same report as of what is in them, and what can't be unpacked is undecided."""

import bz2
import gzip
import io
import json
import lzma
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import Report, check, find
from schemaregistry.data.readers import stdin
from schemaregistry.document import parse

CONTRACT = compile_contract(
    parse(
        json.dumps(
            {
                "$id": "made_v1",
                "version": "1.0.0",
                "type": "object",
                "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
            }
        ).encode()
    )
)
CSV = b"a,b\n1,x\nz,y\n" + b"2,w\n" * 50_000


def zipped(content: bytes, name: str = "t.csv", **more: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, text in {name: content, **more}.items():
            archive.writestr(each, text)
    return file.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".zst": lambda text: pa.compress(text, "zstd", asbytes=True),
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zip": zipped,
}


def judged(path: Path) -> Report:
    return check(find([str(path)]), CONTRACT)


def at(report: Report) -> list[Any]:
    assert report.error is None, report.error
    return [(each.column, example.line) for each in report.violations for example in each.examples]


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
def test_text_is_read_whatever_packs_it(name: str, text: bytes, line: int, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}{suffix}"
    path.write_bytes(PACKERS[suffix](text))
    assert at(judged(path)) == [("a", line)]


@pytest.mark.parametrize("suffix", [".bz2", ".xz", ".gz"])
def test_streams_one_after_another_are_read_to_the_end(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"t.csv{suffix}"
    path.write_bytes(PACKERS[suffix](b"a,b\n1,x\n") + PACKERS[suffix](b"z,y\n"))
    assert at(judged(path)) == [("a", 3)]


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize("damage", ["cut", "empty", "changed", "nonsense"])
def test_what_can_not_be_unpacked_is_undecided(damage: str, suffix: str, tmp_path: Path) -> None:
    packed = bytearray(PACKERS[suffix](CSV))
    middle = len(packed) // 2
    data = {
        "cut": packed[:middle],
        "empty": b"",
        "changed": packed[:middle] + bytes(byte ^ 0xFF for byte in packed[middle : middle + 8]) + packed[middle + 8 :],
        "nonsense": CSV,
    }[damage]
    path = tmp_path / f"t.csv{suffix}"
    path.write_bytes(data)
    report = judged(path)
    assert (report.verdict, report.exit_code) == ("undecided", 3)


def test_an_archive_tells_its_format_by_its_only_file(tmp_path: Path) -> None:
    path = tmp_path / "data.zip"
    path.write_bytes(zipped(CSV.replace(b",", b"\t"), "in/t.tsv", **{"__MACOSX/in/._t.tsv": b"x", ".hidden": b"y"}))
    assert at(judged(path)) == [("a", 3)]
    assert [source.path for source in find([str(tmp_path)])] == [str(path)]


@pytest.mark.parametrize("more", [{"u.csv": CSV}, {"read.me": b"x"}])
def test_an_archive_of_several_files_says_so(more: dict[str, bytes], tmp_path: Path) -> None:
    for name in ("data.zip", "t.csv.zip"):
        (tmp_path / name).write_bytes(zipped(CSV, "t.csv", **more))
        report = judged(tmp_path / name)
        assert report.error is not None
        assert report.error.reason == "NOT_ONE_MEMBER"
        assert "unpack it" in report.error.message
        assert "t.csv" in report.error.message


def test_an_encrypted_archive_is_undecided(tmp_path: Path) -> None:
    data = bytearray(zipped(b"a,b\n1,x\n"))
    for magic, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(magic) + place] |= 1
    (tmp_path / "t.csv.zip").write_bytes(data)
    report = judged(tmp_path / "t.csv.zip")
    assert report.error is not None
    assert "encrypted" in report.error.message


def test_parquet_within_an_archive_is_to_be_unpacked(tmp_path: Path) -> None:
    (tmp_path / "t.parquet.zip").write_bytes(zipped(b"PAR1", "t.parquet"))
    report = judged(tmp_path / "t.parquet.zip")
    assert report.error is not None
    assert "unpack it" in report.error.message


@pytest.mark.parametrize("suffix", PACKERS)
def test_standard_input_is_unpacked(suffix: str) -> None:
    source = stdin.piped("csv", io.BytesIO(PACKERS[suffix](CSV)))
    assert at(check([source], CONTRACT)) == [("a", 3)]


def sized(archive: bytes, size: int) -> bytes:
    """Let an archive state another size of its member, in its central directory and before the member."""
    entry, written = archive.find(b"PK\1\2"), struct.pack("<I", size)
    return archive[:22] + written + archive[26 : entry + 24] + written + archive[entry + 28 :]


def odd(suffix: str) -> dict[str, tuple[bytes, str | int]]:
    """Odd compressed files: how many rows each has, or the reason why it can't be told."""
    one, two = PACKERS[suffix](b"a,b\n1,x\n"), PACKERS[suffix](b"2,y\n" if suffix != ".zip" else b"a,b\n2,y\n")
    is_stream = suffix != ".zip"
    return {
        "two": (one + two, 2 if is_stream else "CORRUPT"),
        "an empty one between": (one + PACKERS[suffix](b"") + two, 2 if is_stream else "CORRUPT"),
        "an empty one first": (PACKERS[suffix](b"") + one, 1 if is_stream else "CORRUPT"),
        "cut": (one[:-3], "CORRUPT"),
        "a second that is cut": (one + two[:-3], "CORRUPT"),
        "a second that is cut early": (one + two[:7], "CORRUPT"),
        "a second whose first byte is another": (one + bytes([two[0] ^ 1]) + two[1:], "CORRUPT"),
        "other bytes after it": (one + b"garbage", "CORRUPT"),
        "zeros after it": (one + bytes(4), 1 if suffix in (".xz", ".gz") else "CORRUPT"),
        "many zeros after it": (one + bytes(200_000), 1 if suffix in (".xz", ".gz") else "CORRUPT"),
        "three zeros after it": (one + bytes(3), 1 if suffix == ".gz" else "CORRUPT"),
        "garbage after zeros": (one + bytes(4) + b"garbage", "CORRUPT"),
        "zeros between": (one + bytes(8) + two, 2 if suffix == ".xz" else "CORRUPT"),
        "zeros before it": (bytes(4) + one, "CORRUPT"),
        "zeros": (bytes(64), "CORRUPT"),
        "nothing": (b"", "TRUNCATED"),
        "plain text": (b"a,b\n1,x\n", "CORRUPT"),
        "packed twice": (PACKERS[suffix](one), "WRONG_FORMAT"),
        "gzip within": (PACKERS[suffix](gzip.compress(b"a,b\n1,x\n")), "WRONG_FORMAT"),
    }


ARCHIVES: dict[str, tuple[bytes, str | int, str]] = {
    "a directory and a file": (zipped(b"a,b\n1,x\n", "d/t.csv", **{"d/": b""}), 1, ""),
    "several files": (zipped(b"a,b\n", **{"u.csv": b"a,b\n"}), "NOT_ONE_MEMBER", "2 files (t.csv, u.csv)"),
    "no file": (zipped(b"", "d/"), "NOT_ONE_MEMBER", "the archive holds no file"),
    "encrypted": (
        zipped(b"a,b\n1,x\n")
        .replace(b"PK\x03\x04\x14\0\0", b"PK\x03\x04\x14\0\1")
        .replace(b"\x14\x03\x14\0\0", b"\x14\x03\x14\0\1"),
        "ENCRYPTED",
        "t.csv is encrypted in the archive: unpack it",
    ),
    "a stated size that is too small": (sized(zipped(b"a,b\n1,x\n"), 4), "CORRUPT", "t.csv has more than the 4"),
    "a stated size that is too large": (
        sized(zipped(b"a,b\n1,x\n"), 99),
        "CORRUPT",
        "t.csv has fewer than the 99",
    ),
    "a file before it": (b"x" * 9 + zipped(b"a,b\n1,x\n"), "CORRUPT", ""),
}
ODD = [(f"t.csv{suffix}", data, found, "", name) for suffix in PACKERS for name, (data, found) in odd(suffix).items()]
ODD += [("t.csv.zip", *case, name) for name, case in ARCHIVES.items()]
ODD += [("data.zip", *case, name) for name, case in ARCHIVES.items()]
ODD += [
    (f"t.csv{suffix}", PACKERS[suffix](b"a,b\n1,x\n") + b"garbage", "CORRUPT", message, "what follows is named")
    for suffix, message in (
        (".gz", "bytes follow the end of the gzip stream (at byte 28): cut them off"),
        (".bz2", "bytes follow the end of the bz2 stream (at byte 50): cut them off"),
        (".xz", "bytes follow the end of the xz stream (at byte 64): cut them off"),
        (".zst", "bytes follow the end of the zstd stream: cut them off"),
    )
]
ODD += [
    ("t.csv.xz", lzma.compress(b"a,b\n1,x\n", lzma.FORMAT_ALONE), "CORRUPT", "it isn't xz, as its name says", "alone"),
    ("t.csv.gz", gzip.compress(b"a,b\n1,x\n")[:20], "CORRUPT", "the file is cut off within its gzip stream", "cut"),
    ("t.csv.bz2", b"BZh9garbage", "CORRUPT", "the bz2 stream is damaged", "damaged"),
    ("t.csv.zst", b"garbage", "CORRUPT", "it isn't zstd, as its name says", "garbage"),
]
ODD += [("t.parquet.gz", gzip.compress(b"PAR1"), "PACKED", "parquet within gzip can't be read in place: unpack it", "")]


EACH_ODD = pytest.mark.parametrize(
    ("name", "data", "found", "message"), [case[:4] for case in ODD], ids=[f"{case[0]} {case[4]}" for case in ODD]
)


@EACH_ODD
def test_nothing_of_an_odd_file_is_left_out_in_silence(
    name: str, data: bytes, found: str | int, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(data)
    report = judged(tmp_path / name)
    if isinstance(found, int):
        assert (report.verdict, report.rows) == ("conforms", found)
    else:
        assert report.error is not None
        assert (report.error.reason, report.rows) == (found, 0)
        assert message in report.error.message
