"""`--to -`: an Arrow stream that says how many rows it has."""

import io
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from schemaregistry.data import Stream, find, load
from schemaregistry.v1.contract_pb2 import Contract


def test_a_stream_says_how_many_rows_there_are(ticks: Contract, make_ticks: Callable[..., Path]) -> None:
    out = io.BytesIO()
    load(find([str(make_ticks("t.csv"))]), ticks, lambda schema: Stream(out, schema))
    reader = pa.ipc.open_stream(out.getvalue())
    assert reader.schema.metadata[b"schemaregistry.rows"] == b"2000"
    assert reader.read_all().num_rows == 2_000


def test_nothing_goes_out_of_a_load_that_halts(ticks: Contract, make_ticks: Callable[..., Path]) -> None:
    out = io.BytesIO()
    load(find([str(make_ticks("t.csv", fault="bad_enum"))]), ticks, lambda schema: Stream(out, schema))
    assert out.getvalue() == b""


def test_a_stream_that_is_cut_between_two_messages_has_fewer_rows_than_it_says(
    ticks: Contract, make_ticks: Callable[..., Path]
) -> None:
    out = io.BytesIO()
    load(find([str(make_ticks("t.parquet", rows=100_000))]), ticks, lambda schema: Stream(out, schema))
    whole = pa.BufferReader(out.getvalue())
    ends = ((message.type, whole.tell()) for message in pa.ipc.MessageReader.open_stream(whole))
    first_batch = next(end for kind, end in ends if kind == "record batch")
    reader = pa.ipc.open_stream(out.getvalue()[:first_batch])
    assert 0 < reader.read_all().num_rows < int(reader.schema.metadata[b"schemaregistry.rows"]) == 100_000
