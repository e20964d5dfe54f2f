"""Reads that may take several calls, or none: what is asked, remembered and made of it, for both clients.

Each is a generator of the calls to send; it is sent their answers, or thrown their errors, and returns its own answer.
"""

from collections.abc import Generator
from typing import Any, Final, TypeAlias, TypeVar

from schemaregistry.client import calls
from schemaregistry.client.answers import Fetched, FetchedContract
from schemaregistry.client.calls import UnaryCall
from schemaregistry.client.read_cache import ReadCache, version_asked
from schemaregistry.document import Document
from schemaregistry.errors import DeadlineExceeded, ResourceExhausted, Unavailable, Unimplemented

AnswerT = TypeVar("AnswerT")
Steps: TypeAlias = Generator[UnaryCall[Any], Any, AnswerT]

NOT_GIVEN: Final = (Unavailable, DeadlineExceeded, ResourceExhausted, Unimplemented)
"""What a registry answers that gives no contract just now, or that is older than GetContract."""


def get(shelf: ReadCache, id: str, version: str, min_revision: int, max_staleness: float | None) -> Steps[Fetched]:
    """One version: what is settled without a call; while the registry is away, what was confirmed lately enough."""
    version = version_asked(version)
    settled = shelf.settled(id, version)
    if settled is not None:
        return settled
    try:
        fetched: Fetched = yield calls.get(id, version, min_revision, shelf.known(id, version))
    except (Unavailable, DeadlineExceeded) as away:
        return shelf.stale(id, version, min_revision, max_staleness, away)
    return shelf.keep(id, version, fetched)


def document(shelf: ReadCache, id: str, version: str, min_revision: int) -> Steps[Document]:
    """One version, parsed."""
    fetched = yield from get(shelf, id, version, min_revision, None)
    return shelf.document(fetched)


def contract(
    shelf: ReadCache, id: str, version: str, min_revision: int, max_staleness: float | None
) -> Steps[FetchedContract]:
    """One version's contract: the registry's, or one compiled here from the document where it gives none."""
    fetched = yield from get(shelf, id, version, min_revision, max_staleness)
    kept = shelf.contract(fetched)
    if kept is None and fetched.stale_seconds is None:
        try:
            kept = shelf.keep_contract(fetched, (yield calls.contract(fetched)))
        except NOT_GIVEN:
            kept = None
    return FetchedContract(kept or shelf.compiled(fetched), fetched)
