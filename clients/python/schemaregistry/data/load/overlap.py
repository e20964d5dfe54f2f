"""Refuse a destination that the same load would read the next time, or that contains a source.

Files and folders are compared by device and inode, so that spellings, links and mounts make no difference.
"""

# Paths stay strings as the user wrote them.
# ruff: noqa: PTH109, PTH116, PTH118, PTH120

import glob
import os
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from stat import S_ISREG
from typing import TypeAlias

from schemaregistry.data.readers.sources import Source
from schemaregistry.errors import InvalidArgument

OutputPlace: TypeAlias = Path | int | None
"""Where rows are written: the path of a file or folder, the descriptor of an open file, or None for neither."""
_Identity: TypeAlias = tuple[int, int]
_WRITTEN = "rows-000000000000.parquet"
"""A file name like those that a load writes."""


def refuse_overlap(sources: Sequence[Source], places: Mapping[str, OutputPlace]) -> None:
    """Raise InvalidArgument (DESTINATION_IN_SOURCE) where a place overlaps with a source.

    `places` are keyed by their purpose in messages: `destination`, `quarantine`.
    """
    for purpose, place in places.items():
        if isinstance(place, Path):
            _refuse_path(sources, purpose, place)
        elif place is not None:
            _refuse_open(sources, purpose, place)


def _refuse_open(sources: Sequence[Source], purpose: str, descriptor: int) -> None:
    state = os.fstat(descriptor)
    for source in sources:
        if S_ISREG(state.st_mode) and _identity(source.path) == (state.st_dev, state.st_ino):
            raise _refused(f"{source.path} is read, and it is the {purpose} itself")


def _refuse_path(sources: Sequence[Source], purpose: str, place: Path) -> None:
    around, own = set(_lineage(place)), _identity(place)
    for given in dict.fromkeys(source.given for source in sources if source.given):
        if Path(given).is_dir():
            if _identity(given) in around:
                raise _refused(f"the {purpose} {place} is in {given}, which is read")
            if own in set(_lineage(given)):
                raise _refused(f"{given}, which is read, is in the {purpose} {place}")
        # A name with `*` or `[` that exists is a file and no pattern.
        elif not os.path.lexists(given) and _is_matched(place, given):
            raise _refused(f"the {purpose} {place} is among what {given} stands for, which is read")
    for source in sources:
        folder = os.path.dirname(source.path) or "."
        if source.given and (own in set(_lineage(source.path)) | set(_lineage(folder))):
            raise _refused(f"{source.path}, which is read, is in the {purpose} {place}")


def _identity(path: str | Path) -> _Identity | None:
    try:
        state = os.stat(path)
    except (OSError, ValueError):
        return None
    return state.st_dev, state.st_ino


def _lineage(path: str | Path) -> Iterator[_Identity]:
    """Yield the identities of a path and of the folders around it, as far as they exist."""
    real = Path(os.path.realpath(path))
    for each in (real, *real.parents):
        identity = _identity(each)
        if identity is not None:
            yield identity


def _is_matched(place: Path, pattern: str) -> bool:
    """Whether a glob matches the place, a folder around it, or a file that would be written there."""
    absolute = os.path.join(os.getcwd(), pattern)
    parts = [part for part in absolute.split("/") if part not in ("", ".")]
    fixed = next(index for index, part in enumerate(parts) if glob.has_magic(part))
    root = Path(os.path.realpath("/" + "/".join(parts[:fixed])))
    real = Path(os.path.realpath(place)) / _WRITTEN
    if not real.is_relative_to(root):
        return False
    below = real.relative_to(root).parts
    return any(_fit(below[:size], parts[fixed:]) for size in range(1, len(below) + 1))


def _fit(names: Sequence[str], parts: Sequence[str]) -> bool:
    """Whether path components match those of a pattern."""
    if not parts:
        return not names
    if parts[0] == "**":
        return any(_fit(names[size:], parts[1:]) for size in range(len(names) + 1))
    return bool(names) and fnmatchcase(names[0], parts[0]) and _fit(names[1:], parts[1:])


def _refused(message: str) -> InvalidArgument:
    advice = "the next load would read its own output. Name a place apart from what is read"
    return InvalidArgument(f"{message}: {advice}", reason="DESTINATION_IN_SOURCE")
