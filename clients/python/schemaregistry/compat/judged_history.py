"""Select the versions of its history that a candidate is judged against; the registry and all commands use this."""

from collections.abc import Sequence
from itertools import islice
from typing import Protocol, TypeVar

from semver import Version

from schemaregistry.document.model import Level


class Versioned(Protocol):
    """Anything with a semantic version: a document, an entry of the registry, a commit."""

    @property
    def version(self) -> Version | str: ...


VersionedT = TypeVar("VersionedT", bound=Versioned)


def judged_against(history: Sequence[VersionedT], level: Level | None) -> Sequence[VersionedT]:
    """Return the versions that a candidate at `level` (None: the default level) is judged against, newest first.

    `history` is sorted by version, the oldest first. Only releases count, since a pre-release promises nothing; while
    there is no release, the pre-releases count. A transitive level selects every version that counts, any other level
    the newest one.
    """
    counted = None if is_transitive(level) else 1
    releases = (each for each in reversed(history) if _is_release(each))
    return list(islice(releases, counted)) or list(islice(reversed(history), counted))


def is_transitive(level: Level | None) -> bool:
    """Tell whether a level asks for a judgement against the whole history."""
    return level is not None and level.endswith("_transitive")


def _is_release(item: Versioned) -> bool:
    # A version may have no build metadata here (see `document/naming.py`), so a hyphen always begins a pre-release.
    return "-" not in str(item.version)
