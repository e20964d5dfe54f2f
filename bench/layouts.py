"""Make small Parquet and Arrow files of every type and layout that writers produce, for `mutations.py` to damage.

They are small so that a mutation is likely to hit something that matters.
"""

import datetime as dt
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

_ROWS: Final = 60
_DAY: Final = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


def _repeat(*values: Any) -> list[Any]:
    """Repeat values, with a null among them."""
    return [None if row % 11 == 7 else values[row % len(values)] for row in range(_ROWS)]


def _scalars() -> dict[str, Any]:
    moments = [_DAY + dt.timedelta(seconds=row) for row in range(_ROWS)]
    return {
        "small": pa.array(_repeat(1, -2, 3), pa.int8()),
        "whole": pa.array(range(_ROWS), pa.int64()),
        "large": pa.array(_repeat(1, 2**64 - 1), pa.uint64()),
        "half": pa.array(_repeat(0.5, 2.0), pa.float32()).cast(pa.float16()),
        "real": pa.array(_repeat(0.1, 2.5, 1e300), pa.float64()),
        "truth": pa.array(_repeat(True, False), pa.bool_()),
        "text": pa.array(_repeat("abc", "", "müller"), pa.string()),
        "long": pa.array(_repeat("x" * 50, "y"), pa.large_string()),
        "bytes": pa.array(_repeat(b"\0\xff", b""), pa.binary()),
        "fixed": pa.array(_repeat(b"abcd", b"efgh"), pa.binary(4)),
        "money": pa.array(_repeat(Decimal("1.50"), Decimal("-2.25")), pa.decimal128(12, 2)),
        "day": pa.array([moment.date() for moment in moments], pa.date32()),
        "moment": pa.array(moments, pa.timestamp("us", "UTC")),
        "clock": pa.array([moment.time() for moment in moments], pa.time64("us")),
        "side": pa.array(_repeat("B", "S"), pa.string()).dictionary_encode(),
    }


def _nested() -> dict[str, Any]:
    pair = pa.struct([("price", pa.float64()), ("size", pa.int32())])
    levels = [{"price": 1.5, "size": 2}, {"price": 2.5, "size": None}]
    return {
        "list": pa.array(_repeat([1, 2], [], [None]), pa.list_(pa.int32())),
        "struct": pa.array(_repeat(*levels), pair),
        "book": pa.array(_repeat(levels, []), pa.list_(pair)),
        "names": pa.array(_repeat(["a", "b"], []), pa.large_list(pa.string())),
        "three": pa.array(_repeat([1, 2, 3], [4, 5, 6]), pa.list_(pa.int16(), 3)),
    }


def _views() -> dict[str, Any]:
    """Columns in layouts that only Arrow IPC has."""
    texts = _repeat("abc", "a text of more than twelve bytes", "")
    seen = pa.array([text or "-" for text in texts])
    views = pa.array(["abc", "a text of more than twelve bytes"], pa.string_view())
    codes = pa.array([row % 2 for row in range(_ROWS)], pa.int8())
    runs = pa.array([_ROWS // 2, _ROWS], pa.int32())
    return {
        "view": pa.array(texts, pa.string_view()),
        "raw": pa.array([None if text is None else text.encode() for text in texts], pa.binary_view()),
        "coded": pa.DictionaryArray.from_arrays(codes, views),
        "plain": seen.dictionary_encode(),
        "runs": pa.RunEndEncodedArray.from_arrays(runs, pa.array(["one", "two"])),
        "listed": pa.array(_repeat([1, 2], []), pa.list_view(pa.int32())),
        "inner": pa.StructArray.from_arrays([pa.DictionaryArray.from_arrays(codes, views)], ["coded"]),
    }


def parquet_files() -> Iterator[tuple[str, bytes]]:
    """Yield Parquet files in the versions, encodings and compressions that writers use."""
    table = pa.table(_scalars() | _nested())
    ways: dict[str, dict[str, Any]] = {
        "plain": {"compression": "none", "use_dictionary": False},
        "usual": {},
        "small pages": {"data_page_size": 64, "row_group_size": 20, "write_batch_size": 10},
        "second version": {"data_page_version": "2.0", "compression": "zstd", "write_page_index": True},
        "checksums": {"write_page_checksum": True, "compression": "gzip", "store_schema": False},
    }
    for name, options in ways.items():
        sink = io.BytesIO()
        pq.write_table(table, sink, **options)
        yield f"{name}.parquet", sink.getvalue()
    for encoding in ("DELTA_BINARY_PACKED", "DELTA_BYTE_ARRAY", "BYTE_STREAM_SPLIT"):
        sink = io.BytesIO()
        kind = {"DELTA_BINARY_PACKED": ["whole"], "DELTA_BYTE_ARRAY": ["text", "long"], "BYTE_STREAM_SPLIT": ["real"]}
        names = kind[encoding]
        encoded = dict.fromkeys(names, encoding)
        pq.write_table(table.select(names), sink, use_dictionary=False, column_encoding=encoded, compression="none")
        yield f"{encoding.lower()}.parquet", sink.getvalue()


def ipc_files() -> Iterator[tuple[str, bytes]]:
    """Yield Arrow IPC files and streams, plain and compressed."""
    table = pa.table(_scalars() | _nested() | _views())
    # A dictionary of views has no place in a compressed file in some versions of Arrow.
    packed = pa.table(_scalars() | _nested())
    for name, rows, compression in (("plain", table, None), ("lz4", packed, "lz4"), ("zstd", packed, "zstd")):
        options = pa.ipc.IpcWriteOptions(compression=compression)  # type: ignore[arg-type]
        for kind, new in (("file", pa.ipc.new_file), ("stream", pa.ipc.new_stream)):
            sink = io.BytesIO()
            with new(sink, rows.schema, options=options) as writer:
                writer.write_table(rows, max_chunksize=25)
            yield f"{name} {kind}.arrow", sink.getvalue()
