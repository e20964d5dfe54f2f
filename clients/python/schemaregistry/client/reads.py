"""Reads that take several calls, or none, written once for both clients.

Each read is a generator: it yields the calls to send, receives their answers (or has their errors thrown into it), and
returns the result. `sync.py` and `aio.py` run it.
"""

from collections.abc import Generator
from typing import Any, Final, TypeAlias, TypeVar

from schemaregistry.client import calls
from schemaregistry.client.answers import Fetched, FetchedContract, StateSet
from schemaregistry.client.calls import UnaryCall
from schemaregistry.client.read_cache import ReadCache, id_asked, staleness_allowed, version_asked
from schemaregistry.client.state_warnings import told_once
from schemaregistry.document import Document
from schemaregistry.document.version_state import VersionState
from schemaregistry.errors import DeadlineExceeded, ResourceExhausted, Unavailable, Unimplemented

AnswerT = TypeVar("AnswerT")
Steps: TypeAlias = Generator[UnaryCall[Any], Any, AnswerT]

NOT_GIVEN: Final = (Unavailable, DeadlineExceeded, ResourceExhausted, Unimplemented)
"""Errors of GetContract after which the contract is compiled here: the registry is away, busy or has no such RPC."""


def get(cache: ReadCache, id: str, version: str, min_revision: int, max_staleness: float | None) -> Steps[Fetched]:
    """Read one version: without a call if it was read a moment ago; from the cache while the registry is away.

    An answer from the cache must have been confirmed within `max_staleness` seconds, unless it is an exact version that
    this process has read. A deprecated or retracted version is logged, once.
    """
    return told_once((yield from _get(cache, id, version, min_revision, max_staleness)))


def _get(cache: ReadCache, id: str, version: str, min_revision: int, max_staleness: float | None) -> Steps[Fetched]:
    id, version, max_staleness = id_asked(id), version_asked(version), staleness_allowed(max_staleness)
    settled = cache.settled(id, version, min_revision if isinstance(min_revision, int) else 0)
    if settled is not None:
        return settled
    try:
        fetched: Fetched = yield calls.get(id, version, min_revision, cache.known(id, version))
    except (Unavailable, DeadlineExceeded, ResourceExhausted) as away:
        exact = cache.unconfirmed(id, version)
        if exact is not None:
            return exact
        if isinstance(away, ResourceExhausted):
            raise
        return cache.stale(id, version, min_revision, max_staleness, away)
    return cache.keep(id, version, fetched, min_revision)


def set_state(cache: ReadCache, id: str, version: str, state: VersionState, expected_revision: int) -> Steps[StateSet]:
    """Set a version's state; what the cache has of the version has it from then on."""
    done: StateSet = yield calls.set_state(id, version, state, expected_revision)
    cache.state_set(done)
    return done


def document(cache: ReadCache, id: str, version: str, min_revision: int) -> Steps[Document]:
    """Read one version and parse it."""
    fetched = yield from get(cache, id, version, min_revision, None)
    return cache.document(fetched)


def contract(
    cache: ReadCache, id: str, version: str, min_revision: int, max_staleness: float | None
) -> Steps[FetchedContract]:
    """Read the contract of one version: the registry's, or one compiled here where the registry gives none.

    Where the document itself came from the cache because the registry is away, it isn't asked for the contract.
    """
    fetched = yield from get(cache, id, version, min_revision, max_staleness)
    stored = cache.contract(fetched)
    if stored is None and fetched.stale_seconds is None:
        try:
            stored = cache.keep_contract(fetched, (yield calls.contract(fetched)))
        except NOT_GIVEN:
            stored = None
    return FetchedContract(stored or cache.compiled(fetched), fetched)
