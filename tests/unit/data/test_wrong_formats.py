"""Files under another format's name: the error says what the file is and what to do."""

import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import check, find
from schemaregistry.document import parse

DOCUMENT: Final = json.dumps(
    {"$id": "a_v1", "version": "1.0.0", "type": "object", "properties": {"a": {"type": ["string", "null"]}}}
).encode()


def archive(member: str, method: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        made.writestr(member, "a\nb\n" * 50)
    return file.getvalue()


def parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"a": ["b"]}), file)
    return file.getvalue()


LINES: Final = '{"a": "b"}\n{"a": "c"}\n'
CASES: Final[dict[str, tuple[str, bytes, str, str]]] = {
    "workbook": ("t.csv", archive("[Content_Types].xml", 8), "WRONG_FORMAT", "an Excel workbook"),
    "workbook of openpyxl": ("t.csv", archive("docProps/app.xml", 8), "WRONG_FORMAT", "export it as CSV"),
    "old workbook": ("t.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "WRONG_FORMAT", "an Excel workbook"),
    "zip": ("t.csv", archive("t.csv", 8), "WRONG_FORMAT", "let its name end in .zip"),
    "UTF-16 lines": ("t.ndjson", LINES.encode("utf-16"), "BAD_ENCODING", "write it as UTF-8"),
    "UTF-16 lines without a mark": ("t.ndjson", LINES.encode("utf-16be"), "BAD_ENCODING", "write it as UTF-8"),
    "UTF-16 JSON": ("t.json", LINES.encode("utf-16le"), "BAD_ENCODING", "write it as UTF-8"),
    "packed UTF-16": ("t.ndjson.gz", gzip.compress(LINES.encode("utf-16")), "BAD_ENCODING", "write it as UTF-8"),
    "Feather 1": ("t.arrow", b"FEA1" + bytes(60) + b"FEA1", "WRONG_FORMAT", "Feather version 1"),
    "Parquet": ("t.arrow", parquet(), "WRONG_FORMAT", "it is parquet"),
    "JSON lines": ("t.csv", LINES.encode(), "WRONG_FORMAT", "let its name end in .ndjson"),
    "JSON array": ("t.csv", b'[{"a": "b"}]\n', "WRONG_FORMAT", "let its name end in .json"),
    "LZMA in a zip": ("t.csv.zip", archive("t.csv", zipfile.ZIP_LZMA), "PACKED", "compress it with deflate"),
}


@pytest.mark.parametrize("name", CASES)
def test_an_error_says_what_the_file_is(name: str, tmp_path: Path) -> None:
    file, data, reason, message = CASES[name]
    (tmp_path / file).write_bytes(data)
    error = check(find([str(tmp_path / file)]), compile_contract(parse(DOCUMENT))).error
    assert error is not None
    assert error.reason == reason
    assert message in error.message
