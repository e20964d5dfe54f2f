"""Find the files to read and recognize the format of each, by its name or else its first bytes."""

# ruff: noqa: PTH118
import os
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from schemaregistry.data.readers.compression import SUFFIXES as PACKED
from schemaregistry.data.readers.compression import Compression, member_of
from schemaregistry.data.readers.directory_walk import WalkedFiles, dangling, is_folder, matching, walk
from schemaregistry.data.readers.sources import FORMATS, MAGIC, TEXT_FORMATS, Source
from schemaregistry.data.readers.stdin import piped
from schemaregistry.data.report.facts import Fault
from schemaregistry.data.report.unreadable import UnreadableFile
from schemaregistry.document.model import PLAIN_CSV, CsvDialect
from schemaregistry.errors import InvalidArgument
from schemaregistry.plural import counted

_SUFFIXES: Final = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".arrows": "arrow",
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "json",
}
_TABS: Final = CsvDialect(delimiter="\t")
_SHOWN: Final = 10
"""How many names of skipped files a note lists."""


def find(
    patterns: Iterable[str], stated: str | None = None, csv: CsvDialect = PLAIN_CSV, *, strict: bool = False
) -> list[Source]:
    """List the files that names, directories and globs match, each once; `-` is standard input.

    `stated` is the format of all of them (None: recognize each), `csv` the CSV options of the command line.

    A directory gives every file below it whose name ends as a format does, in the order of the names, without hidden
    files. A note names the files that were skipped; with `strict` a skipped file is a fault. A file whose attributes
    can't be read, a dangling link and an unreadable directory become sources with a fault, so that the answer is
    undecided.

    Raises InvalidArgument: NO_SUCH_FILE, NOTHING_TO_CHECK, UNKNOWN_FORMAT, NO_INPUT.
    """
    if stated not in (None, *FORMATS):
        message = f"{stated} is no format of data; there are {', '.join(FORMATS)} (a report's form is --report)."
        raise InvalidArgument(message, reason="UNKNOWN_FORMAT")
    sources: dict[str, Source] = {}
    for pattern in patterns:
        if not pattern:
            message = 'A file is named "", which is no name: is a variable empty?'
            raise InvalidArgument(message, reason="NO_SUCH_FILE", metadata={"file": ""})
        if pattern == "-":
            sources.setdefault(pattern, piped(stated, csv=csv))
            continue
        for source in _expand(pattern, stated, strict=strict):
            sources.setdefault(_place(source.path), replace(source, given=pattern, csv=_csv(source.path, csv)))
    return list(sources.values())


def _place(path: str) -> str:
    """Return one spelling of each path, so that no file is read twice; a link counts as a file of its own."""
    folder, name = os.path.split(path)
    # Resolving the last part too would drop a link's own name, which says its format.
    return os.path.join(os.path.realpath(folder), name)


def _expand(pattern: str, stated: str | None, *, strict: bool) -> list[Source]:
    if is_folder(pattern):
        found = _in_folder(pattern, stated, strict=strict)
        if not found:
            raise _nothing(pattern, walk(pattern))
        return found
    # Looked for first: the name of a file may contain `*` and `[`.
    if os.path.lexists(pattern):
        return [_named(pattern, stated)]
    faults: dict[str, str] = {}
    names = matching(pattern, faults)
    found = [_refused(path, stated, message) for path, message in sorted(faults.items())]
    for name in names:
        found += _in_folder(name, stated, strict=strict) if is_folder(name) else [_named(name, stated)]
    if not found:
        message = f"There is no file {pattern}.{_otherwise_composed(pattern)}"
        raise InvalidArgument(message, reason="NO_SUCH_FILE", metadata={"file": pattern})
    return found


def _otherwise_composed(path: str) -> str:
    """Say where a file has the name but for its Unicode form: macOS writes names decomposed, keyboards composed."""
    folder, name = os.path.split(path)
    try:
        there = os.listdir(folder or ".")  # noqa: PTH208
    except OSError:
        return ""
    wanted = unicodedata.normalize("NFC", name)
    if not any(unicodedata.normalize("NFC", each) == wanted for each in there):
        return ""
    return (
        " There is one whose name looks the same, with its accents written as other characters (Unicode NFC and NFD): "
        "name its directory, or use a glob."
    )


def _in_folder(folder: str, stated: str | None, *, strict: bool) -> list[Source]:
    """List the files below a directory; the note on skipped files is attached to the first one."""
    found = walk(folder)
    recognized = {
        path: _packed(Source(path, stated or named, _compression(path)))
        for path in found.files
        if (named := _by_name(path))
    }
    recognized |= {path: _refused(path, stated, message) for path, message in found.faults.items()}
    sources = [recognized[path] for path in sorted(recognized, key=os.fsencode)]
    passed_over = _passed_over(folder, [path for path in found.files if path not in recognized], found.others)
    if not passed_over or not sources:
        return sources
    note = "; ".join(passed_over)
    if strict:
        message = f"{note}: {'; '.join(passed_over.values())}; or move them away"
        return [Source(folder, stated or "", fault=Fault(folder, None, None, "PASSED_OVER", message)), *sources]
    return [replace(sources[0], note=f"{folder}: {note}"), *sources[1:]]


def _passed_over(folder: str, files: Sequence[str], others: Sequence[str]) -> dict[str, str]:
    """Describe the skipped files, a description for each kind, with what to do to have them read."""
    links = [path for path in others if is_folder(path)]
    special = [path for path in others if path not in links]
    kinds = (
        (files, "file", "whose names tell no format", "name them with --format"),
        (links, "link", "to directories", "name a link itself, and its directory is read"),
        (special, "special file", "(pipes, sockets, devices)", "write what comes out of one to a file"),
    )
    return {
        f"passed over {counted(len(paths), noun)} {which}: {_names(folder, paths)}": advice
        for paths, noun, which, advice in kinds
        if paths
    }


def _names(folder: str, paths: Sequence[str]) -> str:
    # Sorted by bytes: names need not be UTF-8.
    names = [os.path.relpath(path, folder) for path in sorted(paths, key=os.fsencode)]
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"


def _nothing(folder: str, found: WalkedFiles) -> InvalidArgument:
    note = "; ".join(_passed_over(folder, found.files, found.others))
    message = f"{folder} holds no file whose name tells a format ({', '.join(_SUFFIXES)})"
    return InvalidArgument(
        f"{message}; {note}." if note else f"{message}.", reason="NOTHING_TO_CHECK", metadata={"file": folder}
    )


def _named(path: str, stated: str | None) -> Source:
    """Return the source of a file named on the command line."""
    if message := dangling(path):
        return _refused(path, stated, message)
    try:
        return _packed(Source(path, stated or _format(path), _compression(path)))
    except UnreadableFile as unreadable:
        return Source(path, stated or "", fault=unreadable.fault)
    except OSError as error:
        return _refused(path, stated, error.strerror or str(error))


def _packed(source: Source) -> Source:
    """Add a fault to a compressed Parquet or Arrow file: these are read from their end, so decompress them first."""
    if source.compression is None or source.format in TEXT_FORMATS:
        return source
    message = f"{source.format} within {source.compression} can't be read in place: unpack it"
    return replace(source, fault=Fault(source.path, None, None, "PACKED", message))


def _refused(path: str, stated: str | None, message: str) -> Source:
    """Return a source whose fault says that it exists and can't be read."""
    return Source(path, stated or _by_name(path) or "", fault=Fault(path, None, None, "UNREADABLE", message))


def _by_name(path: str) -> str | None:
    return _SUFFIXES.get(_suffix(path))


def _suffix(path: str) -> str:
    """Return the suffix that names the format, before that of a compression; for a zip archive its only member's."""
    suffixes = Path(path.lower()).suffixes
    packed = suffixes.pop() if suffixes and suffixes[-1] in PACKED else ""
    named = suffixes[-1] if suffixes else ""
    if packed == ".zip" and named not in _SUFFIXES:
        return _suffix_of_member(path)
    return named


def _suffix_of_member(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            return Path(member_of(path, file).lower()).suffix
    except (UnreadableFile, OSError):
        return ""


def _csv(path: str, options: CsvDialect) -> CsvDialect:
    """Return the CSV options of a file: those of the command line, else tabs where its name ends in .tsv or .tab."""
    return options.over(_TABS) if _suffix(path) in (".tsv", ".tab") else options


def _compression(path: str) -> Compression | None:
    return PACKED.get(Path(path.lower()).suffix)


def _format(path: str) -> str:
    named = _by_name(path)
    if named:
        return named
    with Path(path).open("rb") as file:
        head = file.read(8)
        if _compression(path) == "zip":
            member_of(path, file)
    for magic, name in MAGIC:
        if head.startswith(magic):
            return name
    raise InvalidArgument(
        f"The name of {path} doesn't tell its format. Say --format {', '.join(FORMATS[:-1])} or {FORMATS[-1]}.",
        reason="UNKNOWN_FORMAT",
        metadata={"file": path},
    )
