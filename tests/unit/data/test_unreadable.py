"""Files that can't be judged: undecided, with the file, the place and the reason, and never a traceback."""

import random
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from devtools.make_ticks import Ticks, make
from schemaregistry.contract import compile_contract
from schemaregistry.data import Report, check, find
from schemaregistry.data.readers import parquet
from schemaregistry.data.readers.tables import rows_of
from schemaregistry.document import parse
from schemaregistry.errors import InvalidArgument
from schemaregistry.v1.contract_pb2 import Contract

Judged = Callable[..., Report]
SYMBOLS = b'{"$id": "made_v1", "version": "1.0.0", "type": "object", "properties": {"symbol": {"type": "string"}}}'


@pytest.fixture(scope="module")
def ticks_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("ticks") / "t.parquet"
    make(path, Ticks(20_000))
    return path.read_bytes()


def fault(report: Report) -> tuple[str, int | None]:
    assert report.error is not None
    assert (report.verdict, report.exit_code) == ("undecided", 3)
    assert report.error.file == report.files[-1].path
    assert report.error.message
    return report.error.reason, report.error.offset


@pytest.mark.parametrize("kept", [0, 1, 3, 4, 8, 11, 100, -1, -4, -8, -100])
def test_a_parquet_file_that_is_cut_off(judge: Judged, ticks_file: bytes, kept: int) -> None:
    data = ticks_file[:kept]
    assert fault(judge("t.parquet", data)) == ("TRUNCATED", len(data))


def test_a_file_of_another_format(judge: Judged, ticks_file: bytes) -> None:
    assert fault(judge("t.parquet", b"PK\x03\x04" + b"0" * 100)) == ("WRONG_FORMAT", 0)
    assert fault(judge("t.arrow", b"PK\x03\x04" + b"0" * 100)) == ("WRONG_FORMAT", 0)
    assert fault(judge("t.csv.gz", ticks_file))[0] == "CORRUPT"


def test_a_footer_that_is_garbage(judge: Judged, ticks_file: bytes) -> None:
    data = bytearray(ticks_file)
    data[-400:-8] = b"\xff" * 392
    assert fault(judge("t.parquet", bytes(data))) == ("CORRUPT", len(data))


@pytest.mark.parametrize("column", range(6))
def test_a_page_that_is_garbage_in_any_column(judge: Judged, ticks_file: bytes, column: int) -> None:
    """A page of each column that the contract names is read, whatever its statistics say."""
    chunk = pq.ParquetFile(pa.BufferReader(ticks_file)).metadata.row_group(0).column(column)
    data = bytearray(ticks_file)
    start = chunk.data_page_offset
    data[start : start + 60] = b"\xff" * 60
    reason, offset = fault(judge("t.parquet", bytes(data)))
    assert reason == "CORRUPT"
    assert offset is not None
    assert offset < len(data)


def test_a_page_that_is_garbage_in_a_column_that_the_contract_lacks_is_never_read(judge: Judged) -> None:
    document = b'{"$id": "s_v1", "version": "1.0.0", "type": "object", "properties": {"a": {"type": "integer"}}}'
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"a": range(1000), "b": range(1000)}), sink)
    data = bytearray(sink.getvalue())
    start = pq.ParquetFile(pa.BufferReader(bytes(data))).metadata.row_group(0).column(1).data_page_offset
    data[start : start + 60] = b"\xff" * 60
    with pytest.raises(OSError, match="page header"):
        pq.read_table(pa.BufferReader(bytes(data)))
    assert judge("t.parquet", bytes(data), compile_contract(parse(document))).verdict == "conforms"


def test_flipped_bytes_never_give_a_traceback(judge: Judged, ticks_file: bytes) -> None:
    dice = random.Random(3)
    for _ in range(60):
        data = bytearray(ticks_file)
        for _ in range(dice.randint(1, 4)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        assert judge("t.parquet", bytes(data)).verdict in ("conforms", "violates", "undecided")


def test_a_footer_that_promises_too_much(judge: Judged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_BOMB_BYTES", 1 << 20)
    table = pa.table({"price": pa.array([0.0] * 1_000_000)})
    pq.write_table(table, tmp_path / "b.parquet", compression="zstd", use_dictionary=False)
    assert fault(judge("t.parquet", (tmp_path / "b.parquet").read_bytes()))[0] == "DECOMPRESSION_BOMB"


@pytest.mark.parametrize("kept", [0, 5, 8, 200, -1, -200])
def test_an_arrow_file_that_is_cut_off(judge: Judged, tmp_path: Path, kept: int) -> None:
    table = pa.table({"price": pa.array(range(1000), pa.float64())})
    with pa.ipc.new_file(tmp_path / "a.arrow", table.schema) as writer:
        writer.write_table(table)
    data = (tmp_path / "a.arrow").read_bytes()
    names_itself = data[:kept].startswith(b"ARROW1")
    assert fault(judge("t.arrow", data[:kept]))[0] == ("TRUNCATED" if names_itself else "CORRUPT")


def test_an_arrow_file_with_offsets_out_of_bounds(judge: Judged, tmp_path: Path) -> None:
    text = "x" * 0x1234
    with pa.ipc.new_file(tmp_path / "a.arrow", pa.schema([("symbol", pa.string())])) as writer:
        writer.write_batch(pa.RecordBatch.from_pydict({"symbol": [text]}))
    data = (tmp_path / "a.arrow").read_bytes()
    before, offsets, after = data.rpartition(b"\0\0\0\0\x34\x12\0\0")
    assert judge("t.arrow", before + offsets + after).error is None
    assert fault(judge("t.arrow", before + b"\0\0\0\0\x34\x12\x10\0" + after))[0] == "CORRUPT"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *(("parquet", name) for name in (b"a_long_name", b"member_name")),
        *(("arrow", name) for name in (b"a_long_name", b"member_name", b"Europe/Paris")),
    ],
)
def test_names_that_are_no_text(judge: Judged, kind: str, name: bytes) -> None:
    members = pa.array([{"member_name": 1}], pa.struct([("member_name", pa.int64())]))
    table = pa.table({"a_long_name": pa.array([0], pa.timestamp("us", "Europe/Paris")), "s": members})
    sink = pa.BufferOutputStream()
    if kind == "parquet":
        pq.write_table(table, sink, store_schema=False)
    else:
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    report = judge(f"t.{kind}", sink.getvalue().to_pybytes().replace(name, b"\xea" + name[1:]))
    assert fault(report)[0] == "CORRUPT"
    assert report.error is not None
    assert "UTF-8" in report.error.message or "utf-8" in report.error.message


def test_what_was_found_before_the_damage_is_reported(tmp_path: Path, ticks: Contract) -> None:
    make(tmp_path / "1.csv", Ticks(100, "csv", "bad_enum", fault_rows=2))
    make(tmp_path / "2.csv", Ticks(100, "csv", "truncated"))
    make(tmp_path / "3.csv", Ticks(100, "csv"))
    report = check(find([str(tmp_path)]), ticks)
    assert fault(report)[0] == "NOT_CSV"
    assert [(item.column, item.count) for item in report.violations] == [("side", 2)]
    assert [Path(facts.path).name for facts in report.files] == ["1.csv", "2.csv"]


@pytest.mark.parametrize(
    ("name", "reason"), [("nothing.parquet", "NO_SUCH_FILE"), ("*.csv", "NO_SUCH_FILE"), ("", "NOTHING_TO_CHECK")]
)
def test_names_that_lead_to_no_file(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        find([str(tmp_path / name)])
    assert refused.value.reason == reason


def test_a_name_that_tells_no_format(tmp_path: Path) -> None:
    (tmp_path / "ticks").write_bytes(b"?")
    with pytest.raises(InvalidArgument, match="--format"):
        find([str(tmp_path / "ticks")])
    assert find([str(tmp_path / "ticks")], "csv")[0].format == "csv"


@pytest.mark.parametrize("dictionary", [True, False])
def test_a_parquet_page_whose_checksum_is_wrong(dictionary: bool, judge: Judged, tmp_path: Path) -> None:
    table = pa.table({"symbol": ["mango", "papaya"]})
    path = tmp_path / "p.parquet"
    pq.write_table(
        table, path, write_page_checksum=True, compression="none", use_dictionary=dictionary, write_statistics=False
    )
    damaged = path.read_bytes().replace(b"mango", b"tango", 1)
    assert fault(judge("t.parquet", damaged))[0] == "CORRUPT"
    assert judge("t.parquet", path.read_bytes()).error is None


def test_a_page_of_a_dataset_whose_checksum_is_wrong(tmp_path: Path) -> None:
    table = pa.table({"symbol": ["mango", "papaya"]})
    path = tmp_path / "p.parquet"
    pq.write_table(table, path, write_page_checksum=True, compression="none", write_statistics=False)
    contract = compile_contract(parse(SYMBOLS))
    dataset = ds.dataset(path)
    assert check(rows_of(dataset), contract).verdict == "conforms"
    path.write_bytes(path.read_bytes().replace(b"mango", b"tango", 1))
    report = check(rows_of(dataset), contract)
    assert report.error is not None
    assert (report.error.reason, report.error.file, "CRC" in report.error.message) == ("CORRUPT", str(path), True)
    assert not dataset.format.default_fragment_scan_options.page_checksum_verification
