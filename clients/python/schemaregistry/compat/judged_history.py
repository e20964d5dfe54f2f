"""Select the versions of its history that a candidate is judged against; the registry and all commands use this."""

from collections.abc import Sequence
from itertools import islice
from typing import Protocol, TypeVar

from semver import Version

from schemaregistry.compat.levels import is_transitive, promises_less
from schemaregistry.document.model import Level


class Versioned(Protocol):
    """Anything with a semantic version: a document, an entry of the registry, a commit."""

    @property
    def version(self) -> Version | str: ...


class Promising(Versioned, Protocol):
    """Anything with a version and the compatibility level that it promises."""

    @property
    def compatibility(self) -> Level | None: ...


VersionedT = TypeVar("VersionedT", bound=Versioned)
PromisingT = TypeVar("PromisingT", bound=Promising)


def judged_against(history: Sequence[VersionedT], level: Level | None) -> Sequence[VersionedT]:
    """Return the versions that a candidate at `level` (None: the default level) is judged against, newest first.

    `history` is sorted by version, the oldest first. Only releases count, since a pre-release promises nothing; while
    there is no release, the pre-releases count. A transitive level selects every version that counts, any other level
    the newest one.
    """
    counted = None if is_transitive(level) else 1
    releases = (each for each in reversed(history) if _is_release(each))
    return list(islice(releases, counted)) or list(islice(reversed(history), counted))


def dropped_promise(history: Sequence[Promising], level: Level | None) -> bool:
    """Tell whether a candidate at `level` promises less than the newest release before it.

    `history` is sorted and not empty. A pre-release promises nothing.
    """
    previous = judged_against(history, None)[0]
    return _is_release(previous) and promises_less(level, previous.compatibility)


def promised(history: Sequence[Promising]) -> Level | None:
    """Return the level that the newest version that counts states; `history` is sorted and not empty."""
    return judged_against(history, None)[0].compatibility


def needed(history: Sequence[PromisingT], level: Level | None, direction: Level | None) -> Sequence[PromisingT]:
    """Return the versions that `check_history` needs for a candidate at `level`; `direction` is the one asked for.

    `history` is sorted.
    """
    asked = direction or level
    if history and direction is None and not is_transitive(level) and dropped_promise(history, level):
        asked = promised(history)
    return judged_against(history, asked)


def _is_release(item: Versioned) -> bool:
    # A version may have no build metadata here (see `document/naming.py`), so a hyphen always begins a pre-release.
    return "-" not in str(item.version)
