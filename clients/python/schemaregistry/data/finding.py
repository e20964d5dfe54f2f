"""Which files are to be read, and in which format each is. Reads no more than their first bytes.

A format is told by the file's name; where that says nothing, by its magic bytes.
"""

import glob
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from schemaregistry.data.sources import FORMATS, MAGIC, Compression, Source
from schemaregistry.data.stdin import piped
from schemaregistry.document.csv_dialect import PLAIN_CSV, CsvDialect
from schemaregistry.errors import InvalidArgument

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
}
_TABS: Final = CsvDialect(delimiter="\t")
_COMPRESSIONS: Final[Mapping[str, Compression]] = {".gz": "gzip", ".zst": "zstd"}


def find(patterns: Iterable[str], stated: str | None = None, csv: CsvDialect = PLAIN_CSV) -> list[Source]:
    """The files that names, directories and globs stand for, each once; `-` is standard input.

    `stated` is the format of all of them, `csv` what is said of how CSV among them is written.

    In a directory: every file below it whose name tells a format, in the order of the names; hidden ones aside.

    Raises InvalidArgument: NO_SUCH_FILE, NOTHING_TO_CHECK, UNKNOWN_FORMAT, NO_INPUT.
    """
    if stated not in (None, *FORMATS):
        message = f"{stated} is no format of data; there are {', '.join(FORMATS)} (a report's form is --report)."
        raise InvalidArgument(message, reason="UNKNOWN_FORMAT")
    sources: dict[str, Source] = {}
    for pattern in patterns:
        if pattern == "-":
            sources.setdefault(pattern, piped(stated, csv=csv))
            continue
        for path in _expand(pattern):
            sources.setdefault(path, Source(path, stated or _format(path), _compression(path), _csv(path, csv)))
    return list(sources.values())


def _expand(pattern: str) -> Iterator[str]:
    if Path(pattern).is_dir():
        found = sorted(str(path) for path in Path(pattern).rglob("*") if path.is_file() and _told(path))
        if not found:
            raise InvalidArgument(
                f"{pattern} holds no file whose name tells a format ({', '.join(_SUFFIXES)}).",
                reason="NOTHING_TO_CHECK",
                metadata={"file": pattern},
            )
        yield from found
    elif Path(pattern).exists():
        yield pattern
    else:
        found = sorted(path for path in glob.glob(pattern, recursive=True) if Path(path).is_file())  # noqa: PTH207
        if not found:
            raise InvalidArgument(f"There is no file {pattern}.", reason="NO_SUCH_FILE", metadata={"file": pattern})
        yield from found


def _told(path: Path) -> bool:
    hidden = any(part.startswith((".", "_")) for part in path.parts[1:])
    return not hidden and _by_name(str(path)) is not None


def _by_name(path: str) -> str | None:
    return _SUFFIXES.get(_suffix(path))


def _suffix(path: str) -> str:
    """The end of a name that tells the format, that of a compression aside."""
    suffixes = Path(path.lower()).suffixes
    if suffixes and suffixes[-1] in _COMPRESSIONS:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _csv(path: str, said: CsvDialect) -> CsvDialect:
    """What is said of a file, and else by its name: that there are tabs between its fields."""
    return said.over(_TABS) if _suffix(path) in (".tsv", ".tab") else said


def _compression(path: str) -> Compression | None:
    return _COMPRESSIONS.get(Path(path.lower()).suffix)


def _format(path: str) -> str:
    named = _by_name(path)
    if named:
        return named
    with Path(path).open("rb") as file:
        head = file.read(8)
    for magic, name in MAGIC:
        if head.startswith(magic):
            return name
    raise InvalidArgument(
        f"The name of {path} doesn't tell its format. Say --format parquet, arrow, csv or ndjson.",
        reason="UNKNOWN_FORMAT",
        metadata={"file": path},
    )
