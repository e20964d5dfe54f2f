"""Which versions of its history a candidate is judged against: the one rule, for the registry and every command."""

from collections.abc import Sequence
from itertools import islice
from typing import Protocol, TypeVar

from semver import Version

from schemaregistry.document.model import Level


class Versioned(Protocol):
    """What has a semantic version: a document, an entry of the registry, a commit."""

    @property
    def version(self) -> Version | str: ...


VersionedT = TypeVar("VersionedT", bound=Versioned)


def judged_against(history: Sequence[VersionedT], level: Level | None) -> Sequence[VersionedT]:
    """Give the versions that a candidate at `level` (None: the default level) is judged against, newest first.

    `history` stands in the order of its versions, the oldest first. A pre-release promises nothing, so releases alone
    count, or the pre-releases while there is no release. A transitive level is judged against every version that
    counts, any other level against the newest of them.
    """
    counted = None if is_transitive(level) else 1
    releases = (each for each in reversed(history) if _is_release(each))
    return list(islice(releases, counted)) or list(islice(reversed(history), counted))


def is_transitive(level: Level | None) -> bool:
    """Whether a level asks for the whole history."""
    return level is not None and level.endswith("_transitive")


def _is_release(item: Versioned) -> bool:
    # Versions have no build metadata here (`document.naming`), so a hyphen begins a pre-release.
    return "-" not in str(item.version)
