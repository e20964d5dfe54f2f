"""Which ids may have a field or a tag: an inverted index that only grows, shared by a catalog and its successors.

What is found is to be looked at once more: an id stays where an older version of it had what is asked for.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator
from itertools import chain
from typing import Final

from schemaregistry_server.catalog.about import About
from schemaregistry_server.catalog.catalog_version import CatalogVersion

STRETCH: Final = 100
"""Ids that are looked up in one go."""


class Index:
    """Fields and tags → ids in their order. A version is `unread` until `add` is told what it says of itself."""

    def __init__(self) -> None:
        self._unread: deque[CatalogVersion] = deque()
        self._fields: dict[str, list[str]] = {}
        self._tags: dict[str, list[str]] = {}

    def expect(self, latest: CatalogVersion) -> None:
        """Note a version that is to be added."""
        self._unread.append(latest)

    def unread(self) -> Iterator[CatalogVersion]:
        """The versions that are to be added, each until it is: it stays the first for whoever comes meanwhile."""
        while self._unread:
            yield self._unread[0]

    def add(self, latest: CatalogVersion, about: About) -> None:
        """Note what a version says of itself."""
        for ids in chain(
            (self._fields.setdefault(field, []) for field in about.fields),
            (self._tags.setdefault(tag, []) for tag in about.tags),
        ):
            _insert(ids, latest.entry.id)
        if self._unread and self._unread[0] is latest:
            self._unread.popleft()

    def ids(self, after: str, field: str, tag: str) -> Iterator[str]:
        """The ids after `after` that may have both ("": anything, but not twice), in their order."""
        found = [ids.get(name, []) for ids, name in ((self._fields, field), (self._tags, tag)) if name]
        return following(min(found, key=len), after)


def following(ids: list[str], after: str) -> Iterator[str]:
    """The ids that come after `after`; others may be put in between meanwhile."""
    while names := ids[(first := bisect_right(ids, after)) : first + STRETCH]:
        yield from names
        after = names[-1]


def _insert(ids: list[str], name: str) -> None:
    at = bisect_left(ids, name)
    if ids[at : at + 1] != [name]:
        ids.insert(at, name)
