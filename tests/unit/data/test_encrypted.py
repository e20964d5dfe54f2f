"""Parquet with encrypted columns or an encrypted footer: said so, for that file; and footers that pyarrow dies of."""

import base64
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import Directory, Quarantine, check, find, load
from schemaregistry.data.load.file_clean import clean
from schemaregistry.data.readers.parquet_footer import row_groups
from schemaregistry.data.readers.thrift import CompactProtocol
from schemaregistry.document import parse
from schemaregistry.v1.contract_pb2 import Contract

CPP = Path(__file__).resolve().parents[3] / "build" / "cpp" / "schema-load"
ROWS = pa.table({"n": range(10), "secret": ["x"] * 10})
OPEN = b'{"$id": "s_v1", "version": "1.0.0", "type": "object", "properties": {"n": {"type": "integer"}%s}}'
WHOLE = compile_contract(parse(OPEN % b', "secret": {"type": "string"}'))
PART = compile_contract(parse(OPEN % b""))
WHOLE_HIDDEN = compile_contract(parse(OPEN % b', "hidden": {"type": "string"}'))


class Keys(pe.KmsClient):
    """A key service that hides nothing."""

    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> str:
        return base64.b64encode(key_bytes).decode()

    def unwrap_key(self, wrapped_key: str, master_key_identifier: str) -> bytes:
        return base64.b64decode(wrapped_key)


def write_encrypted(path: Path, **how: Any) -> None:
    factory = pe.CryptoFactory(lambda _: Keys())
    properties = factory.file_encryption_properties(
        pe.KmsConnectionConfig(), pe.EncryptionConfiguration(footer_key="f", **how)
    )
    with pq.ParquetWriter(path, ROWS.schema, encryption_properties=properties) as writer:
        writer.write_table(ROWS)


@pytest.fixture
def encrypted(tmp_path: Path) -> Path:
    """The column `secret` is encrypted, the footer isn't."""
    write_encrypted(tmp_path / "e.parquet", column_keys={"c": ["secret"]}, plaintext_footer=True)
    return tmp_path / "e.parquet"


def test_an_encrypted_column_is_named(encrypted: Path) -> None:
    report = check(find([str(encrypted)]), WHOLE)
    assert report.error
    assert (report.verdict, report.error.reason) == ("undecided", "ENCRYPTED")
    assert 'the column "secret" is encrypted: decrypt the file first' in report.error.message


def test_a_plain_column_beside_it_is_judged(encrypted: Path) -> None:
    report = check(find([str(encrypted)]), PART)
    assert (report.verdict, report.rows) == ("conforms", 10)


@pytest.mark.parametrize("how", [{"column_keys": {"c": ["secret"]}}, {"uniform_encryption": True}], ids=["one", "all"])
def test_an_encrypted_footer_is_no_cut_off_file(tmp_path: Path, how: dict[str, Any]) -> None:
    write_encrypted(tmp_path / "e.parquet", plaintext_footer=False, **how)
    report = check(find([str(tmp_path / "e.parquet")]), PART)
    assert report.error
    assert (report.error.reason, report.exit_code) == ("ENCRYPTED", 3)


def test_nothing_of_a_load_stays(encrypted: Path, tmp_path: Path) -> None:
    pq.write_table(ROWS, encrypted.with_name("a.parquet"))
    loaded = load(find([str(tmp_path / "*.parquet")]), WHOLE, lambda schema: Directory(tmp_path / "out", schema, "x"))
    assert [facts.rows for facts in loaded.report.files] == [10, 0]
    assert loaded.place is None
    assert not (tmp_path / "out").exists()


def without_last_chunk(data: bytes) -> bytes:
    """A file of two columns whose first row group has lost the second: what pyarrow's own view of it dies of."""
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    footer = CompactProtocol(data[start:-8])
    group = next(kind for number, kind in footer.fields() if number == 4 or footer.skip(kind))
    assert (group, footer.items()) == (9, range(1))
    assert next(footer.fields()) == (1, 9)
    chunks = footer.position
    footer.items()
    footer.skip(12)
    second = footer.position
    footer.skip(12)
    changed = bytearray(data[start:-8])
    del changed[second : footer.position]
    changed[chunks] = 0x1C
    return data[:start] + changed + len(changed).to_bytes(4, "little") + data[-4:]


def test_a_row_group_that_lacks_a_column(tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": range(10), "secret": range(10)}), tmp_path / "p.parquet")
    (tmp_path / "p.parquet").write_bytes(without_last_chunk((tmp_path / "p.parquet").read_bytes()))
    report = check(find([str(tmp_path / "p.parquet")]), PART)
    assert report.error
    assert report.error.message == "row group 0 has 1 column chunks, the schema 2"


def test_pyarrow_s_own_view_ends_the_process(encrypted: Path) -> None:
    """Why the footer is read here: where this no longer holds, it needn't be."""
    ask = f"import pyarrow.parquet as pq; pq.ParquetFile({str(encrypted)!r}).metadata.row_group(0).column(1)"
    assert subprocess.run([sys.executable, "-c", ask], capture_output=True, check=False).returncode == -signal.SIGABRT


@pytest.mark.parametrize("columns", [1, 7])
def test_the_footer_is_read_as_pyarrow_reads_it(tmp_path: Path, columns: int) -> None:
    table = pa.table({f"c{index}": pa.array([{"a": [1, index]}, None]) for index in range(columns)})
    path = tmp_path / "p.parquet"
    pq.write_table(table, path, row_group_size=1, write_page_index=True, compression="zstd")
    metadata = pq.read_metadata(path)
    with path.open("rb") as stream:
        groups = row_groups(stream, path.stat().st_size)
    assert len(groups) == metadata.num_row_groups == 2
    for number, group in enumerate(groups):
        theirs = metadata.row_group(number)
        assert (group.rows, group.size) == (theirs.num_rows, theirs.total_byte_size)
        for index, chunk in enumerate(group.chunks):
            other = theirs.column(index)
            assert (chunk.path, chunk.values) == (other.path_in_schema, other.num_values)
            assert (chunk.packed, chunk.size) == (other.total_compressed_size, other.total_uncompressed_size)
            assert (chunk.data_page, chunk.dictionary_page) == (other.data_page_offset, other.dictionary_page_offset)


@pytest.mark.skipif(not CPP.exists(), reason="the C++ client isn't built: make cpp")
@pytest.mark.parametrize("contract", [WHOLE, PART], ids=["whole", "part"])
def test_cpp_says_the_same(encrypted: Path, tmp_path: Path, contract: Contract) -> None:
    """And what it found in the files before is kept."""
    pq.write_table(ROWS, tmp_path / "a.parquet")
    pq.write_table(ROWS, tmp_path / "z.parquet")
    (tmp_path / "z.parquet").write_bytes(without_last_chunk((tmp_path / "z.parquet").read_bytes()))
    write_encrypted(tmp_path / "w.parquet", column_keys={"c": ["secret"]}, plaintext_footer=False)
    (tmp_path / "c.pb").write_bytes(contract.SerializeToString(deterministic=True))
    for last in ("e", "w", "z"):
        files = [str(tmp_path / "a.parquet"), str(tmp_path / f"{last}.parquet")]
        command = [CPP, *files, "--contract", tmp_path / "c.pb", "--check-only", "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        theirs, ours = json.loads(done.stdout), check(find(files), contract).to_json()
        assert ours["files"][0]["rows"] == 10
        for told in (theirs, ours):
            for measured in ("seconds", "rows_per_second", "peak_memory_bytes"):
                del told[measured]
        assert theirs == json.loads(json.dumps(ours))


def test_a_struct_ends_where_thrift_ends_it() -> None:
    """At a field of type 0, whatever its number."""
    footer = CompactProtocol(bytes((0x15, 0x02, 0x30)))
    assert [(number, kind, footer.integer()) for number, kind in footer.fields()] == [(1, 5, 1)]
    assert footer.position == 3


def test_a_column_chunk_is_the_schema_s_whatever_it_says_of_itself(tmp_path: Path) -> None:
    """So that no page of it is passed over."""
    table = pa.table({"n": range(10), "secret": ["x", "yy"] * 5})
    pq.write_table(table, tmp_path / "p.parquet", use_dictionary=False, column_encoding={"secret": "DELTA_BYTE_ARRAY"})
    data = (tmp_path / "p.parquet").read_bytes()
    last = data.rindex(b"\x19\x18\x06secret") + 3
    (tmp_path / "p.parquet").write_bytes(data[:last] + b"public" + data[last + 6 :])
    assert pq.read_metadata(tmp_path / "p.parquet").row_group(0).column(1).path_in_schema == "public"
    assert check(find([str(tmp_path / "p.parquet")]), WHOLE).verdict == "conforms"


@pytest.mark.parametrize("language", ["python", "c++"])
def test_a_list_of_another_type_than_the_format_says_is_damage(language: str, tmp_path: Path) -> None:
    """Arrow's reader takes its items for what they should be, and others find the fields after it elsewhere."""
    if language == "c++" and not CPP.exists():
        pytest.skip("the C++ client isn't built: make cpp")
    lists = pa.table({"l": pa.array([[1], None] * 5), "n": range(10)})
    pq.write_table(lists, tmp_path / "p.parquet", use_dictionary=False)
    data = bytearray((tmp_path / "p.parquet").read_bytes())
    histogram = data.index(b"\x19\x46", len(data) - 8 - int.from_bytes(data[-8:-4], "little")) + 1
    data[histogram] += 1
    (tmp_path / "p.parquet").write_bytes(data)
    assert pq.read_table(tmp_path / "p.parquet").num_rows == 10
    if language == "python":
        error = check(find([str(tmp_path / "p.parquet")]), PART).error
        assert error is not None
        assert error.reason == "CORRUPT"
        return
    (tmp_path / "c.pb").write_bytes(PART.SerializeToString(deterministic=True))
    command = [CPP, tmp_path / "p.parquet", "--contract", tmp_path / "c.pb", "--check-only", "--json"]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    assert told["error"]["reason"] == "CORRUPT"


def into(folder: Path) -> Any:
    return lambda schema: Directory(folder / "out", schema, "x")


def aside(folder: Path) -> Any:
    return lambda: Quarantine(folder / "aside", "x")


NAMED = OPEN.replace(b'"integer"', b'"integer", "maximum": 8')
BOUNDED = compile_contract(parse(NAMED % b""))


def test_failing_rows_are_quarantined_without_a_column_that_is_encrypted(encrypted: Path, tmp_path: Path) -> None:
    loaded = load(find([str(encrypted)]), BOUNDED, into(tmp_path), policy=aside(tmp_path))
    assert (loaded.rows, loaded.report.rows_failing) == (9, 1)
    assert "secret: encrypted, so rows that are set aside lack it" in loaded.report.notes
    rows = [pq.read_table(path).to_pylist() for path in (tmp_path / "aside").rglob("*.parquet")]
    assert (rows[0][0]["n"], "secret" in rows[0][0]) == (9, False)


def test_a_file_with_an_encrypted_column_is_cleaned(encrypted: Path, tmp_path: Path) -> None:
    cleaned = clean(find([str(encrypted)]), BOUNDED, into(tmp_path), aside(tmp_path))
    assert (cleaned.loaded.rows, cleaned.loaded.report.rows_failing) == (9, 1)
    assert "secret: encrypted, so rows that are set aside lack it" in cleaned.loaded.report.notes


def test_an_encrypted_column_that_would_be_renamed_is_named(encrypted: Path, tmp_path: Path) -> None:
    cleaned = clean(
        find([str(encrypted)]), WHOLE_HIDDEN, into(tmp_path), aside(tmp_path), aliases={"hidden": ["secret"]}
    )
    assert cleaned.loaded.report.error
    assert cleaned.loaded.report.error.reason == "ENCRYPTED"
    assert cleaned.loaded.place is None


@pytest.mark.parametrize("policy", ["halt", "quarantine"])
def test_an_encrypted_column_that_a_closed_contract_forbids_is_named(
    policy: str, encrypted: Path, tmp_path: Path
) -> None:
    document = json.loads(NAMED % b"") | {"additionalProperties": False}
    closed = compile_contract(parse(json.dumps(document).encode()))
    chosen: Any = aside(tmp_path) if policy == "quarantine" else policy
    report = load(find([str(encrypted)]), closed, into(tmp_path), policy=chosen).report
    assert report.error
    assert report.error.reason == "ENCRYPTED"
