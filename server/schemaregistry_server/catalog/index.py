"""An inverted index from fields and tags to ids, which only grows; a catalog and its successors share it.

It finds a superset: an id stays under the fields of its older versions, so callers check the latest version again.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator
from itertools import chain
from typing import Final

from schemaregistry_server.catalog.about import About
from schemaregistry_server.catalog.catalog_version import CatalogVersion

STRETCH: Final = 100
"""Ids that are copied from a list in one go."""


class Index:
    """Sorted ids by field and by tag.

    `expect` queues a version, `unread` yields those in the queue, for the caller to parse them, and `add` takes the
    fields and tags that it found.
    """

    def __init__(self) -> None:
        self._unread: deque[CatalogVersion] = deque()
        self._fields: dict[str, list[str]] = {}
        self._tags: dict[str, list[str]] = {}

    def expect(self, latest: CatalogVersion) -> None:
        """Queue a version to be read and added later."""
        self._unread.append(latest)

    def unread(self) -> Iterator[CatalogVersion]:
        """Yield the queued versions; each comes again until it was added.

        A version leaves the queue only in `add`: a second caller meanwhile begins with the same one and misses none.
        """
        while self._unread:
            yield self._unread[0]

    def add(self, latest: CatalogVersion, about: About) -> None:
        """Put the version's id under each of its fields and tags, and take the version from the queue."""
        for ids in chain(
            (self._fields.setdefault(field, []) for field in about.fields),
            (self._tags.setdefault(tag, []) for tag in about.tags),
        ):
            _insert(ids, latest.entry.id)
        if self._unread and self._unread[0] is latest:
            self._unread.popleft()

    def ids(self, after: str, field: str, tag: str) -> Iterator[str]:
        """The ids that sort after `after` and may have `field` and `tag`, in order.

        "" stands for any field or tag; at least one of the two must be given. The shorter of both lists is read; the
        caller checks the other.
        """
        found = [ids.get(name, []) for ids, name in ((self._fields, field), (self._tags, tag)) if name]
        return following(min(found, key=len), after)


def following(ids: list[str], after: str) -> Iterator[str]:
    """Yield the sorted `ids` after `after`; ids may be inserted while they are read."""
    while names := ids[(first := bisect_right(ids, after)) : first + STRETCH]:
        yield from names
        after = names[-1]


def _insert(ids: list[str], name: str) -> None:
    at = bisect_left(ids, name)
    if ids[at : at + 1] != [name]:
        ids.insert(at, name)
