"""Decide which of an id's versions a reference means: `latest`, `1.2.0`, or the newest of a line.

- `latest` and nothing at all: the highest release that isn't retracted;
- `1.2.0`, `v1.2.0`: this version, even where it is retracted;
- `1`, `1.2`, `^1.2`, `~1.2`: the highest release of the range that isn't retracted (`version_range.py` has the ranges).

Where only pre-releases are left, the highest of them is meant. Retracted versions are never chosen, only named.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from semver import Version

from schemaregistry.compat.judged_history import Versioned, is_release, precedence
from schemaregistry.compat.version_range import EVERY, VersionRange, parse_range
from schemaregistry.document.message_text import shown
from schemaregistry.document.naming import MAX_VERSION_LENGTH, VERSION_PATTERN, parse_version
from schemaregistry.errors import InvalidArgument

LATEST: Final = "latest"

_NUMBER: Final = "(0|[1-9][0-9]*)"
_EXACT: Final = re.compile(f"v?{VERSION_PATTERN}")
_LINE: Final = re.compile(rf"v?{_NUMBER}(\.{_NUMBER})?|[\^~]v?({VERSION_PATTERN}|{_NUMBER}(\.{_NUMBER})?)")


class Referable(Versioned, Protocol):
    """Anything that a reference may choose: a version that is retracted or not."""

    @property
    def is_retracted(self) -> bool: ...


ReferableT = TypeVar("ReferableT", bound=Referable)


@dataclass(frozen=True, slots=True)
class VersionReference:
    """A reference that was read. `exact` is the number of one version; without it the newest of `within` is meant."""

    text: str
    exact: str = ""
    within: VersionRange = field(default=EVERY)

    @property
    def moves(self) -> bool:
        """Whether the reference may mean another version later, when one is registered or retracted."""
        return not self.exact


def read_reference(text: str) -> VersionReference:
    """Read a reference; raises InvalidArgument (BAD_VERSION)."""
    if text in {"", LATEST}:
        return VersionReference(LATEST)
    if _EXACT.fullmatch(text):
        return VersionReference(text, str(parse_version(text)))
    if _LINE.fullmatch(text) and len(text) <= MAX_VERSION_LENGTH:
        return VersionReference(text, within=parse_range(text))
    raise InvalidArgument(
        f"{shown(text)} isn't a semantic version, nor a reference to one. Write MAJOR.MINOR.PATCH, as in 1.0.0; "
        f"1, 1.2, ^1.2 or ~1.2 for the newest of a line; or {LATEST}.",
        reason="BAD_VERSION",
    )


def meant(versions: Sequence[ReferableT], reference: VersionReference) -> ReferableT | None:
    """Return the version that `reference` means, None where there is none. `versions` is sorted, the lowest first."""
    if reference.exact:
        found = versions[bisect_left(versions, Version.parse(reference.exact), key=precedence) :][:1]
        return found[0] if found and str(found[0].version) == reference.exact else None
    first, beyond = 0, len(versions)
    for low, high in reference.within.parts:
        first = max(first, bisect_left(versions, low, key=precedence))
        beyond = min(beyond, bisect_left(versions, high, key=precedence) if high else beyond)
    candidate = None
    for place in range(beyond - 1, first - 1, -1):
        version = versions[place]
        if not version.is_retracted:
            if is_release(version):
                return version
            candidate = candidate or version
    return candidate
