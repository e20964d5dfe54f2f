"""Counts of reads in etcd: their keys and values, and the requests that write them.

`/observed/{day}/{id}/{writer}/{number}` is a JSON list of identity, version and reads, at most CHUNK of them. The day
comes first, so that old days are one range; the id before the writer, so that the readers of one schema are, too.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Final

from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.etcd.etcd_client import puts
from schemaregistry_server.etcd.v3.kv_pb2 import KeyValue
from schemaregistry_server.etcd.v3.rpc_pb2 import DeleteRangeRequest, RequestOp, TxnRequest
from schemaregistry_server.store.base import ReadCount

CHUNK: Final = 128
"""Counts of one key: under 600 kB where each name has 2,048 bytes that JSON escapes."""

REQUEST_BYTES: Final = 512 << 10
REQUEST_KEYS: Final = 100
"""After which a transaction takes no further key. etcd's limits are 1.5 MiB and 128 operations."""

DAYS_READ: Final = 9
"""Days from the first one on that are read: a week, and a day each for clocks that are behind or ahead."""


def requests(prefix: bytes, counts: Sequence[ReadCount]) -> Iterator[TxnRequest]:
    """Yield the transactions that write `counts`; without comparisons, since to write them twice does no harm."""
    request, size = TxnRequest(), 0
    for (day, id, writer), group in groupby(counts, lambda each: (each.day, each.id, each.writer)):  # noqa: A001
        rows = [[each.identity, each.version, each.reads] for each in group]
        for number, begin in enumerate(range(0, len(rows), CHUNK)):
            value = json.dumps(rows[begin : begin + CHUNK], ensure_ascii=False, separators=(",", ":")).encode()
            request.success.append(puts(prefix + f"{day}/{id}/{writer}/{number:04d}".encode(), value))
            size += len(value)
            if size > REQUEST_BYTES or len(request.success) == REQUEST_KEYS:
                yield request
                request, size = TxnRequest(), 0
    if request.success:
        yield request


def prefixes(prefix: bytes, id: str, since: str) -> Iterator[bytes]:  # noqa: A002 (the field's term)
    """Yield the prefixes of the keys with counts of `id`, and of no id, from the day `since` on."""
    first = date.fromisoformat(since)
    for day in range(DAYS_READ):
        for name in (id, ""):
            yield prefix + f"{first + timedelta(days=day)}/{name}/".encode()


def dropping(prefix: bytes, before: str) -> TxnRequest:
    """The transaction that deletes the days before `before`."""
    older = DeleteRangeRequest(key=prefix, range_end=prefix + before.encode())
    return TxnRequest(success=[RequestOp(request_delete_range=older)])


def read(prefix: bytes, pairs: Iterable[KeyValue]) -> Iterator[ReadCount]:
    """Read the counts in `pairs`; raises FailedPrecondition (STORE_CORRUPT) where one isn't as it was written."""
    for pair in pairs:
        try:
            day, id, writer, _ = pair.key[len(prefix) :].decode().split("/")  # noqa: A001
            for identity, version, reads in json.loads(pair.value):
                yield ReadCount(day, writer, id, identity, version, reads)
        except (ValueError, TypeError) as wrong:
            key = pair.key.decode(errors="replace")
            raise FailedPrecondition(
                f"etcd's {key} is not as it was written ({wrong}). It has counts of reads alone: delete it.",
                reason="STORE_CORRUPT",
            ) from wrong
