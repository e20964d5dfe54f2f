"""Ranges of semantic versions, as in npm.

- `^1.2` keeps the leftmost number that isn't 0, `~1.2` the major and the minor one;
- `1.2` and `1` hold all versions with these numbers, `1.2.3` one;
- `>=1.0.0 <2.0.0`: several comparators, separated by spaces, must all hold;
- `*`, `latest` and nothing at all hold every version.

A pre-release belongs to the numbers that it is written with: `1` holds 1.0.0-rc.1 and not 2.0.0-rc.1.
"""

import re
from dataclasses import dataclass
from typing import Final

from semver import Version

from schemaregistry.document.message_text import shown
from schemaregistry.errors import InvalidArgument

_PART: Final = re.compile(r"(\^|~|>=|<=|>|<|=)?v?(\d+)(?:\.(\d+)(?:\.(\d+)(-[0-9A-Za-z.-]+)?)?)?", re.ASCII)
_EVERY_WORDS: Final = ("*", "latest", "")


@dataclass(frozen=True, slots=True)
class VersionRange:
    """The versions that are in every pair of bounds: at least `low`, less than `high` (None: no limit)."""

    text: str
    parts: tuple[tuple[Version, Version | None], ...]

    def holds(self, version: Version) -> bool:
        """Tell whether a version is within the range."""
        return all(low <= version and (high is None or version < high) for low, high in self.parts)


EVERY: Final = VersionRange("*", ())


def parse_range(text: str) -> VersionRange:
    """Read a range; raises InvalidArgument (BAD_RANGE)."""
    words = text.split()
    if text.strip() in _EVERY_WORDS:
        return VersionRange(text, ())
    parts = []
    for word in words:
        found = _PART.fullmatch(word)
        if found is None or len(word) > 64:
            raise InvalidArgument(
                f"{shown(text)} is no range of versions. Write ^1, ~1.2, 1.2.3, >=1.0.0 <2.0.0, or * for all.",
                reason="BAD_RANGE",
            )
        parts.append(_bounds(found))
    return VersionRange(text, tuple(parts))


def _bounds(found: re.Match[str]) -> tuple[Version, Version | None]:
    """Return the first version within and the first one beyond."""
    sign, numbers = found[1], [int(number) for number in found.group(2, 3, 4) if number is not None]
    major, minor, patch = [*numbers, 0, 0][:3]
    low = Version(major, minor, patch, prerelease=found[5].removeprefix("-") if found[5] else None)
    beyond = _after(low) if low.prerelease else _step(low, len(numbers) - 1)
    leading = next((place for place, number in enumerate(numbers) if number), len(numbers) - 1)
    first = low if len(numbers) == 3 else _first(low)
    bounds: dict[str | None, tuple[Version, Version | None]] = {
        ">=": (low, None),
        ">": (beyond, None),
        "<": (_first(Version(0)), low if len(numbers) == 3 else first),
        "<=": (_first(Version(0)), beyond),
        "^": (first, _step(low, leading)),
        "~": (first, _step(low, min(len(numbers) - 1, 1))),
    }
    return bounds.get(sign, (first, beyond))


def _first(version: Version) -> Version:
    """Return the lowest pre-release of a version: 0 is the lowest identifier (Semver 2.0.0, section 11)."""
    return version.replace(prerelease="0")


def _after(pre_release: Version) -> Version:
    """Return the version right behind a pre-release: 1.0.0-rc.1.0 comes before 1.0.0-rc.2."""
    return pre_release.replace(prerelease=f"{pre_release.prerelease}.0")


def _step(version: Version, place: int) -> Version:
    """Return the lowest version, a pre-release, that is greater by one in a number: 0 major, 1 minor, 2 patch."""
    steps = (version.bump_major, version.bump_minor, version.bump_patch)
    return _first(steps[place]())
