"""The task that validates a batch of records, in worker processes of its own, since it needs pyarrow.

The server imports this module to name the task. `record_validation.py` is imported only where the task runs: with it
comes pyarrow, which would cost the server 60 MB.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

from schemaregistry.document import parse
from schemaregistry_server.rpc.reply import Prepared

if TYPE_CHECKING:
    from schemaregistry_server.rpc.record_validation import RecordJudge

SMALL = 16 << 10
"""Bytes of a document up to which its compiled rules are cached (up to KEPT documents)."""
KEPT = 64
"""Compiled rules of small documents in the cache."""


def validate(raw: bytes, id: str, data: bytes) -> Prepared:  # noqa: A002 (the field's term)
    """Validate records and encode the answer of ValidateRecords; raises as `RecordJudge.validate`."""
    return Prepared.of((_small if len(raw) <= SMALL else _large)(raw, id).validate(data))


def _judge(raw: bytes, id: str) -> "RecordJudge":  # noqa: A002
    from schemaregistry_server.rpc.record_validation import RecordJudge  # noqa: PLC0415

    return RecordJudge(parse(raw, id=id))


_small = lru_cache(maxsize=KEPT)(_judge)
_large = lru_cache(maxsize=1)(_judge)
"""Only one large document's rules are cached: those of 10,000 properties take some 100 MB."""
