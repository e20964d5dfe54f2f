"""Select the versions of its history that a candidate is judged against; the registry and all commands use this.

A line is the versions with one major number; below 1.0.0, where the minor number counts as the major one, those with
one minor number. A candidate follows its line, also where there are versions of later lines.
"""

from bisect import bisect_left
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


def line_history(history: Sequence[VersionedT], version: Version) -> Sequence[VersionedT]:
    """Return the part of `history` that a candidate with this `version` follows: its line and the lines before.

    `history` is sorted by version, and so is the result. A candidate whose line has no version yet follows all of them,
    apart from pre-releases of later lines where those have no release: else a line whose versions were all retracted
    could not go on beside them.
    """
    first = version.replace(minor=0, patch=0, prerelease="0") if version.major else Version(0, version.minor, 0, "0")
    beyond = first.bump_major() if version.major else first.bump_minor()
    end = bisect_left(history, beyond.replace(prerelease="0"), key=precedence)
    begins_line = bisect_left(history, first, key=precedence) == end
    if begins_line and (end == 0 or any(map(is_release, history[end:]))):
        return history
    return history[:end]


def precedence(item: Versioned) -> Version:
    """Return the version by which items are sorted (Semver 2.0.0, section 11)."""
    return item.version if isinstance(item.version, Version) else Version.parse(item.version)


def judged_against(history: Sequence[VersionedT], level: Level | None) -> Sequence[VersionedT]:
    """Return the versions that a candidate at `level` (None: the default level) is judged against, newest first.

    `history` is sorted by version, the oldest first. Only releases count, since a pre-release promises nothing; while
    there is no release, the pre-releases count. A transitive level selects every version that counts, any other level
    the newest one.
    """
    counted = None if is_transitive(level) else 1
    releases = (each for each in reversed(history) if is_release(each))
    return list(islice(releases, counted)) or list(islice(reversed(history), counted))


def dropped_promise(history: Sequence[Promising], level: Level | None) -> bool:
    """Tell whether a candidate at `level` promises less than the newest release before it.

    `history` is sorted and not empty. A pre-release promises nothing.
    """
    previous = judged_against(history, None)[0]
    return is_release(previous) and promises_less(level, previous.compatibility)


def promised(history: Sequence[Promising]) -> Level | None:
    """Return the level that the newest version that counts states; `history` is sorted and not empty."""
    return judged_against(history, None)[0].compatibility


def needed(
    history: Sequence[PromisingT], version: Version, level: Level | None, direction: Level | None
) -> Sequence[PromisingT]:
    """Return the versions that a candidate is judged against: those of its line and before that its level selects.

    `history` is sorted. `version` and `level` are the candidate's, `direction` is the one that the question asks for.
    """
    history = line_history(history, version)
    asked = direction or level
    if history and direction is None and not is_transitive(level) and dropped_promise(history, level):
        asked = promised(history)
    return judged_against(history, asked)


def is_release(item: Versioned) -> bool:
    """Tell whether a version is no pre-release."""
    # A version may have no build metadata here (see `document/naming.py`), so a hyphen always begins a pre-release.
    return "-" not in str(item.version)
