"""The order in which documents are published: the versions of an id from the lowest to the greatest.

A lower line that nobody began can't be begun any more once a later one has a release, so 9.0.0 goes before 10.0.0.
"""

from collections.abc import Callable, Iterable
from typing import TypeAlias, TypeVar

from semver import Version

Named: TypeAlias = tuple[str, Version]
"""The `$id` and `version` of a document."""

ItemT = TypeVar("ItemT")


def lowest_first(items: Iterable[ItemT], named: Callable[[ItemT], Named | None]) -> list[ItemT]:
    """Return the items with those of one id together, where its first one was, and sorted by version.

    `named` gives None for an item that is no document; it stays where it is. Equal versions keep their order.
    """
    groups: dict[object, list[tuple[Version | None, ItemT]]] = {}
    for place, item in enumerate(items):
        name = named(item)
        groups.setdefault(name[0] if name else place, []).append((name[1] if name else None, item))
    return [item for group in groups.values() for _, item in sorted(group, key=lambda each: each[0] or Version(0))]
