"""Arrow streams that are cut between two batches, or that something follows: no row is left out in silence."""

import io
from pathlib import Path

import pyarrow as pa
import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.data import check, find
from schemaregistry.document import parse

DOCUMENT = b'{"$id": "s_v1", "version": "1.0.0", "type": "object", "properties": {"a": {"type": "integer"}}}'
SCHEMA = pa.schema([("a", pa.int64())])


def stream(*batches: list[int], said: int | None = None, ended: bool = True) -> bytes:
    schema = SCHEMA.with_metadata({"schemaregistry.rows": str(said)}) if said is not None else SCHEMA
    out = io.BytesIO()
    with pa.ipc.new_stream(out, schema) as writer:
        for values in batches:
            writer.write_batch(pa.record_batch([pa.array(values)], schema))
    return out.getvalue() if ended else out.getvalue()[:-8]


STREAMS: dict[str, tuple[bytes, str | None]] = {
    "a whole one": (stream([1], [2], said=2), None),
    "one that says nothing of its rows": (stream([1], [2]), None),
    "one without an end mark": (stream([1], [2], ended=False), None),
    "one that was cut between two batches": (stream([1], [2], said=3, ended=False), "TRUNCATED"),
    "one with fewer rows than it says": (stream([1], [2], said=3), "TRUNCATED"),
    "two, one after the other": (stream([1]) + stream([2]), "CORRUPT"),
    "one with bytes after its end": (stream([1]) + b"x", "CORRUPT"),
}


@pytest.mark.parametrize(("data", "reason"), STREAMS.values(), ids=STREAMS.keys())
def test_a_stream_is_read_to_its_end_or_not_at_all(data: bytes, reason: str | None, tmp_path: Path) -> None:
    (tmp_path / "s.arrows").write_bytes(data)
    report = check(find([str(tmp_path / "s.arrows")], "arrow"), compile_contract(parse(DOCUMENT)))
    assert (report.error.reason if report.error else None) == reason
    assert report.verdict == ("undecided" if reason else "conforms")
