"""The catalog: every version up to a revision, as one immutable value that a change replaces with a new one.

Documents are parsed when asked for, so that a hundred thousand versions load in the time it takes to read them.
`current.py` has the newest catalog, `feed.py` advances it from the store.
"""

import heapq
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter
from typing import Any

from rapidfuzz import fuzz, process
from rpds import HashTrieMap

from schemaregistry.compat.judged_history import precedence
from schemaregistry.compat.version_reference import LATEST, VersionReference, meant, read_reference
from schemaregistry.document import check_id
from schemaregistry.errors import NotFound
from schemaregistry_server.catalog.catalog_version import CatalogEvent, CatalogVersion, StateEvent
from schemaregistry_server.catalog.index import Index, following
from schemaregistry_server.store.base import Entry, StateChange

NEAR = 100
"""How many names on each side of an unknown one are compared with it, so that a miss costs the same in a large
catalog."""

LIKENESS = 60
"""The least likeness of a suggested name, of 100 for equal names (`rapidfuzz.fuzz.ratio`)."""


LATEST_REFERENCE = read_reference(LATEST)

_id = attrgetter("id")
_revision = attrgetter("revision")


@dataclass(frozen=True, slots=True)
class Schema:
    """Every version of one id: `versions` in the order of their writing, `ordered` the lowest version first.

    `latest` is the version that `latest` means; None where every version is retracted, or there is none. `state_events`
    are the changes of states in their order.
    """

    id: str
    versions: tuple[CatalogVersion, ...] = ()
    ordered: tuple[CatalogVersion, ...] = ()
    by_version: "HashTrieMap[str, CatalogVersion]" = field(default_factory=HashTrieMap)
    latest: CatalogVersion | None = None
    state_events: tuple[StateEvent, ...] = ()

    @property
    def standing(self) -> tuple[CatalogVersion, ...]:
        """The versions that aren't retracted, the lowest first: a candidate is judged against these."""
        return tuple(each for each in self.ordered if not each.is_retracted) if self.state_events else self.ordered

    @property
    def listed(self) -> CatalogVersion:
        """The version by which lists describe the schema: the latest, or the highest where all are retracted."""
        return self.latest or self.ordered[-1]

    @property
    def writes(self) -> int:
        """How many writes of this id the store has had: versions, and changes of their states."""
        return len(self.versions) + len(self.state_events)

    def after(self, revision: int) -> Sequence[CatalogVersion]:
        """The versions after `revision`."""
        return self.versions[bisect_right(self.versions, revision, key=_revision) :]

    def events_after(self, revision: int) -> Iterator[CatalogEvent]:
        """The versions and changes of states after `revision`, in the order of their revisions."""
        changes = self.state_events[bisect_right(self.state_events, revision, key=_revision) :]
        return heapq.merge(map(as_registered, self.after(revision)), changes, key=_revision)

    def grown(self, later: Sequence[CatalogVersion]) -> "Schema":
        """This schema with the `later` versions added."""
        by_version = self.by_version
        for registered in later:
            by_version = by_version.insert(registered.entry.version, registered)
        ordered = _ordered(self.ordered, later)
        return replace(
            self,
            versions=(*self.versions, *later),
            ordered=ordered,
            by_version=by_version,
            latest=meant(ordered, LATEST_REFERENCE),
        )

    def with_change(self, change: StateChange) -> "Schema":
        """This schema with one more change of a version's state."""
        before = self.by_version[change.version]
        after = CatalogVersion(before.entry, before.history.followed_by(change))
        ordered = _with(self.ordered, after, precedence)
        return replace(
            self,
            versions=_with(self.versions, after, _revision),
            ordered=ordered,
            by_version=self.by_version.insert(change.version, after),
            latest=meant(ordered, LATEST_REFERENCE),
            state_events=(*self.state_events, StateEvent(after, change.revision)),
        )

    def find(self, version: str) -> CatalogVersion:
        """Find the version that a reference means (`compat/version_reference.py`); "" means the latest.

        Raises NotFound (NO_SUCH_VERSION) with near versions, InvalidArgument where the text is no reference.
        """
        found = self.latest if version in {"", LATEST} else self.by_version.get(version.removeprefix("v"))
        if found is None:
            reference = read_reference(version)
            found = meant(self.ordered, reference) if reference.moves else None
            if found is None:
                raise self._missing(reference)
        return found

    def _missing(self, reference: VersionReference) -> NotFound:
        if reference.moves and self.latest is None:
            return NotFound(
                f"Every version of {self.id} is retracted: ask for one by its number, or publish a new one.",
                reason="ALL_RETRACTED",
                metadata={"id": self.id},
            )
        wanted = reference.exact or reference.text
        near = _near(wanted, sorted(each.entry.version for each in self.versions[-NEAR:]))
        latest = f"its latest is {self.latest.version}" if self.latest else "all its versions are retracted"
        there = [each.version for each in self.ordered if reference.moves and reference.within.holds(precedence(each))]
        retracted = f" {there[-1]} is retracted: ask for it by its whole number." if there else ""
        return NotFound(
            f"{self.id} has no version {wanted}; {latest}.{retracted or _did_you_mean(near)}",
            reason="NO_SUCH_VERSION",
            metadata={"id": self.id, "version": wanted, "near": ", ".join(near)},
        )


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every version up to `revision`.

    A catalog and its successors share lists that only grow, so that a change costs the same in a large catalog. Each
    catalog uses its own part of them:

    - of `_history`, the first `size` events: versions as they were registered, and changes of their states;
    - of the sorted `_ids`, those that are in its `schemas`;
    - of the versions `_by_fingerprint`, those up to its `revision`;
    - of the ids that `index` finds, those whose latest version in this catalog matches.
    """

    revision: int = 0
    schemas: "HashTrieMap[str, Schema]" = field(default_factory=HashTrieMap)
    size: int = 0
    _history: list[CatalogEvent] = field(default_factory=list, repr=False)
    _ids: list[str] = field(default_factory=list, repr=False)
    _by_fingerprint: dict[str, CatalogVersion] = field(default_factory=dict, repr=False)
    index: Index = field(default_factory=Index, repr=False)

    def advance(self, revision: int, entries: Iterable[Entry] = (), states: Iterable[StateChange] = ()) -> "Catalog":
        """Make the catalog that has `entries` and `states` too (each in the order of revisions), up to `revision`.

        Those that it has already are ignored, and `revision` never goes back. Only the newest catalog may be
        advanced, since its successor appends to the shared lists.
        """
        fresh = [CatalogVersion(entry) for entry in entries if entry.revision > self.revision]
        schemas = self.schemas
        for name, later in groupby(sorted(fresh, key=_id), key=_id):
            schema = schemas.get(name)
            if schema is None:
                # Older catalogs see the id too, and leave it out, since their `schemas` don't have it.
                insort(self._ids, name)
            grown = (schema or Schema(name)).grown(list(later))
            schemas = schemas.insert(name, grown)
            self.index.expect(grown.listed)
        self._by_fingerprint.update((each.entry.fingerprint, each) for each in fresh)
        events: list[CatalogEvent] = list(fresh)
        for change in (each for each in states if each.revision > self.revision):
            schemas = schemas.insert(change.id, changed := schemas[change.id].with_change(change))
            events.append(changed.state_events[-1])
            self.index.expect(changed.listed)
        self._history.extend(sorted(events, key=_revision) if len(events) > len(fresh) else events)
        return replace(self, revision=max(self.revision, revision), schemas=schemas, size=self.size + len(events))

    def ids(self, after: str = "") -> Iterator[str]:
        """The ids that sort after `after`, in order; this catalog may be advanced while they are read."""
        return (name for name in following(self._ids, after) if name in self.schemas)

    def filtered(self, after: str, field: str, tag: str) -> Iterator[Schema]:
        """The schemas after the id `after` that may have `field` and `tag` ("" for any), in the order of their ids.

        A superset: the caller looks at each latest version again, as `Index` says.
        """
        names = self.index.ids(after, field, tag) if field or tag else self.ids(after)
        return (schema for schema in map(self.schemas.get, names) if schema)

    def schema(self, id: str) -> Schema:  # noqa: A002 (the field's term)
        """The schema of `id`; raises InvalidArgument for text that is no id, NotFound (NO_SUCH_SCHEMA) if unknown."""
        schema = self.schemas.get(id)
        if schema is None:
            near = _near(check_id(id), self._ids)
            raise NotFound(
                f"There is no schema {id}.{_did_you_mean(near)}",
                reason="NO_SUCH_SCHEMA",
                metadata={"id": id, "near": ", ".join(near)},
            )
        return schema

    def latest_of(self, event: CatalogEvent) -> CatalogVersion | None:
        """What `latest` means for the id of an event in this catalog; None where all of its versions are retracted."""
        return self.schemas[event.id].latest

    def with_fingerprint(self, fingerprint: str) -> CatalogVersion | None:
        """The version with a fingerprint. There is at most one: a document states its id and version."""
        found = self._by_fingerprint.get(fingerprint)
        if found is None or found.revision > self.revision:
            return None
        return self.schemas[found.id].by_version[found.version]

    def after(self, revision: int, ids: Collection[str] = ()) -> Iterator[CatalogEvent]:
        """Every version as registered and every change of a state after `revision`, in the order of their revisions.

        Of `ids` alone where there are any.
        """
        first = bisect_right(self._history, revision, hi=self.size, key=_revision)
        if not ids:
            return map(self._history.__getitem__, range(first, self.size))
        # Few versions since: filter them. Else merge each id's own versions, so that the history isn't walked through.
        if self.size - first <= len(ids):
            return (each for each in self._history[first : self.size] if each.id in ids)
        known = (schema for schema in map(self.schemas.get, ids) if schema)
        return heapq.merge(*(schema.events_after(revision) for schema in known), key=_revision)


def as_registered(version: CatalogVersion) -> CatalogVersion:
    """The version without the changes of its state, as the history has it."""
    return CatalogVersion(version.entry) if version.history.revision else version


def _with(
    versions: tuple[CatalogVersion, ...], changed: CatalogVersion, key: Callable[[CatalogVersion], Any]
) -> tuple[CatalogVersion, ...]:
    """`versions`, which are sorted by `key`, with one of them in another state."""
    at = bisect_left(versions, key(changed), key=key)
    return (*versions[:at], changed, *versions[at + 1 :])


def _ordered(there: tuple[CatalogVersion, ...], later: Sequence[CatalogVersion]) -> tuple[CatalogVersion, ...]:
    """Both sorted by version; `there` is sorted already. One version, the usual case, is compared with a few alone."""
    if len(later) > 1:
        return tuple(sorted((*there, *later), key=precedence))
    place = bisect_right(there, precedence(later[0]), key=precedence)
    return (*there[:place], *later, *there[place:])


def _near(wanted: str, known: Sequence[str]) -> list[str]:
    """Up to three names that look like `wanted`, most like first, from its NEAR neighbours in the sorted `known`."""
    place = bisect_left(known, wanted)
    names = known[max(0, place - NEAR) : place + NEAR]
    return [name for name, _, _ in process.extract(wanted, names, scorer=fuzz.ratio, limit=3, score_cutoff=LIKENESS)]


def _did_you_mean(near: list[str]) -> str:
    return f" Did you mean {' or '.join(near)}?" if near else ""
