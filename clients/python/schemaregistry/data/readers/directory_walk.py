"""The files that a directory holds and a glob stands for. Nothing is left out in silence; knows no formats.

Names that start with `.` or `_` are hidden, as Spark, Hive and pyarrow have it. Links to directories aren't followed
where a directory is walked: they may lead anywhere, and round in circles.
"""

# Paths stay the strings that were given: a Path drops `./`.
# ruff: noqa: PTH110, PTH112, PTH114, PTH115, PTH116, PTH118

import errno
import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from stat import S_ISDIR, S_ISREG

_NOT_THERE = (errno.ENOENT, errno.ENOTDIR)


@dataclass(slots=True)
class WalkedFiles:
    """What was found: files, what else has a name (links to directories, pipes, …), and why some can't be looked at."""

    files: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)


def walk(folder: str) -> WalkedFiles:
    """Everything below a directory but what is hidden."""
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
    """Where a link leads to that leads nowhere; empty for anything else."""
    is_dangling = os.path.islink(path) and not os.path.exists(path)
    return f"a link to {os.readlink(path)}, which isn't there" if is_dangling else ""


def matching(pattern: str, faults: dict[str, str]) -> list[str]:
    """The names that a glob stands for, those of directories and of links among them; `**` is any directories.

    `faults` gets the directories on the way that can't be read.
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
    """A name that starts with a point is meant only where the pattern has it."""
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
    """Whether a name leads to a directory."""
    try:
        return S_ISDIR(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False
