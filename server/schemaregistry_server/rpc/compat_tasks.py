"""Tasks for worker processes: parse and compare documents, apply the rules of admission, compile contracts.

`compat_worker.py` calls them from the server, `record_tasks.py` has the task that validates records. Answers are
encoded here because it can take half a second, which the server's event loop can't spare.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache

from schemaregistry.compat import RefusedVersion, admit, admit_undecided, check_history, second_referee
from schemaregistry.contract import compile_contract
from schemaregistry.document import Document, Level, parse
from schemaregistry_server.rpc.reply import Prepared
from schemaregistry_server.rpc.verdict_cache import Candidate, RefusedWrite
from schemaregistry_server.rpc.verdicts import Rendered, render

# The template imports this module before it forks workers: `second_referee`, which is slow to import, comes along.
__all__ = ["check_admission", "check_undecided", "compare", "compiled", "read", "second_referee"]

SMALL = 16 << 10
"""Bytes up to which a document is cached parsed: that takes ten times as much memory as the bytes."""
PARSED = 128
"""Parsed documents in the cache."""


def read(raw: bytes, id: str) -> Candidate:  # noqa: A002 (the field's term)
    """Parse and check a candidate; raises as `document.parse` does."""
    document = _parsed(raw, id)
    return Candidate(
        id=document.id,
        version=document.version,
        raw=raw,
        fingerprint=document.fingerprint,
        compatibility=document.compatibility,
        warnings=document.warnings,
    )


def compare(versions: Sequence[bytes], new: bytes, id: str, direction: Level | None, seconds: float) -> Rendered:  # noqa: A002
    """Compare a document with registered versions and encode the verdict; see `compat.check_history`."""
    history, document = [_parsed(each, id) for each in versions], _parsed(new, id)
    return render(check_history(history, document, direction=direction, seconds=seconds))


def check_admission(
    versions: Sequence[bytes],
    new: bytes,
    id: str,  # noqa: A002
    seconds: float,
    taken: Collection[str] = (),
) -> None:
    """Check that a document may follow registered versions, as `compat.admit` does; raises RefusedWrite."""
    history, document = [_parsed(each, id) for each in versions], _parsed(new, id)
    try:
        admit(history, document, seconds=seconds, taken=taken)
    except RefusedVersion as refused:
        raise _rendered(refused) from None  # encoded here: the verdict of a wide document is megabytes of JSON


def check_undecided(
    versions: Sequence[bytes],
    new: bytes,
    id: str,  # noqa: A002
    reason: str,
    taken: Collection[str] = (),
) -> None:
    """Apply the rules of admission to a verdict that is unknown for `reason`; raises RefusedWrite."""
    history, document = [_parsed(each, id) for each in versions], _parsed(new, id)
    try:
        admit_undecided(history, document, reason, taken)
    except RefusedVersion as refused:
        raise _rendered(refused) from None


def compiled(raw: bytes, id: str) -> Prepared:  # noqa: A002 (the field's term)
    """Compile the contract of a registered document and encode it."""
    return Prepared.of(compile_contract(_parsed(raw, id)))


def _rendered(refused: RefusedVersion) -> RefusedWrite:
    return RefusedWrite(
        refused.message, reason=refused.reason, pointer=refused.pointer, verdict=render(refused.verdict)
    )


def _parsed(raw: bytes, id: str) -> Document:  # noqa: A002
    return _cached(raw, id) if len(raw) <= SMALL else parse(raw, id=id)


_cached = lru_cache(maxsize=PARSED)(lambda raw, id: parse(raw, id=id))  # noqa: A006
