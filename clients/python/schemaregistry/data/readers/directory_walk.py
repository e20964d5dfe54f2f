"""Walk directories and expand globs, recording every name that can't be read.

Names that start with `.` or `_` are hidden, as in Spark, Hive and pyarrow. Links to directories aren't followed: they
may lead out of the tree or round in circles. `discovery.py` recognizes the formats.
"""

# Paths stay strings as the user wrote them: pathlib drops a leading `./`.
# ruff: noqa: PTH110, PTH112, PTH114, PTH115, PTH116, PTH118

import errno
import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from stat import S_ISDIR, S_ISREG

# A path that doesn't exist, or vanishes while it is looked at, matches nothing: that is no fault.
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR)


@dataclass(slots=True)
class WalkedFiles:
    """The paths found: files, other entries (links to directories, pipes, …), and unreadable ones with the reason."""

    files: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)


def walk(folder: str) -> WalkedFiles:
    """List everything below a directory except hidden names."""
    found = WalkedFiles()
    for path in _below(folder, found):
        _look(path, found)
    return found


def _below(folder: str, found: WalkedFiles) -> Iterator[str]:
    for entry in _entries(folder, found):
        if entry.name.startswith((".", "_")):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path, found)
        else:
            yield entry.path


def _look(path: str, found: WalkedFiles) -> None:
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        found.faults[path] = dangling(path) or error.strerror or str(error)
        return
    (found.files if S_ISREG(mode) else found.others).append(path)


def dangling(path: str) -> str:
    """Describe a link whose target doesn't exist; empty for anything else."""
    is_dangling = os.path.islink(path) and not os.path.exists(path)
    return f"a link to {os.readlink(path)}, which isn't there" if is_dangling else ""


# glob.glob() silently skips directories that can't be read, so globs are expanded here.
def matching(pattern: str, faults: dict[str, str]) -> list[str]:
    """List the paths that a glob matches, directories and links too, in byte order; `**` is any number of directories.

    Directories on the way that can't be read are added to `faults` with the reason.
    """
    found = WalkedFiles(faults=faults)
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    start = "/" if pattern.startswith("/") else "./" if pattern.startswith("./") else ""
    names = dict.fromkeys(_matching(start, parts, found))
    return sorted(names, key=os.fsencode)


def _matching(folder: str, parts: Sequence[str], found: WalkedFiles) -> Iterator[str]:
    if not parts:
        yield folder or "."
        return
    part, rest = parts[0], parts[1:]
    if not glob.has_magic(part):
        path = os.path.join(folder, part)
        if os.path.isdir(path) if rest else os.path.lexists(path):
            yield from _matching(path, rest, found)
        return
    if part == "**":
        yield from _matching(folder, rest, found)
    for entry in _entries(folder or ".", found):
        path = os.path.join(folder, entry.name)
        if part == "**":
            if rest and not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                yield from _matching(path, parts, found)
        elif _is_meant(entry.name, part) and (not rest or os.path.isdir(path)):
            yield from _matching(path, rest, found)


def _is_meant(name: str, part: str) -> bool:
    """Whether a name matches one part of a pattern; a leading dot is matched by a dot alone, as in the shell."""
    return fnmatchcase(name, part) and (part.startswith(".") or not name.startswith("."))


def _entries(folder: str, found: WalkedFiles) -> "list[os.DirEntry[str]]":
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        if error.errno not in _NOT_THERE:
            found.faults[folder] = error.strerror or str(error)
        return []


def is_folder(path: str) -> bool:
    """Whether a path is a directory or a link to one."""
    try:
        return S_ISDIR(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False
