"""Compressed files as streams of what is in them: gzip, Zstandard, bzip2, xz, and zip archives of one file."""

import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Literal, TypeAlias

import pyarrow as pa

from schemaregistry.data.faults import Unreadable

Compression: TypeAlias = Literal["gzip", "zstd", "bz2", "xz", "zip"]
SUFFIXES: Final[Mapping[str, Compression]] = {
    ".gz": "gzip",
    ".zst": "zstd",
    ".bz2": "bz2",
    ".xz": "xz",
    ".zip": "zip",
}
"""How names of compressed files end."""
COMPRESSED: Final[tuple[tuple[bytes, Compression], ...]] = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"PK\x03\x04", "zip"),
)
"""How they start."""
_BROKEN: Final = (lzma.LZMAError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)
"""What is raised, besides READ_ERRORS, for what can't be unpacked: RuntimeError for what is encrypted."""
_SHOWN: Final = 5


class Unpacked:
    """A binary stream of what is in a compressed file."""

    def __init__(self, path: str, file: Any, compression: Compression) -> None:
        """Raises Unreadable: CORRUPT, and NOT_ONE_MEMBER for an archive that doesn't hold just one file."""
        self._path = path
        with _reading(path):
            self._stream = _OPEN[compression](path, file)

    def read(self, size: int) -> bytes:
        """The next bytes, fewer only at the end; raises Unreadable."""
        with _reading(self._path):
            return bytes(self._stream.read(size))

    def close(self) -> None:
        """Let it go; the file stays open."""
        self._stream.close()


def member_of(path: str, file: Any) -> str:
    """The name of the only file in an archive; raises Unreadable: CORRUPT, NOT_ONE_MEMBER."""
    with _reading(path), zipfile.ZipFile(file) as archive:
        return _member(path, archive)


def _member(path: str, archive: zipfile.ZipFile) -> str:
    names = [each.filename for each in archive.infolist() if not each.is_dir() and _is_data(each.filename)]
    if len(names) == 1:
        return names[0]
    shown = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
    message = f"the archive holds {len(names):,} files ({shown}), and only one can be read: unpack it" if names else ""
    raise Unreadable(path, "NOT_ONE_MEMBER", message or "the archive holds no file")


def _is_data(name: str) -> bool:
    """Whether a member isn't what macOS adds, or hidden."""
    return not name.startswith("__MACOSX/") and not name.rpartition("/")[2].startswith(".")


@contextmanager
def _reading(path: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise Unreadable(path, "CORRUPT", f"{error}") from None


def _of_arrow(name: Literal["gzip", "zstd", "bz2"]) -> Callable[[str, Any], Any]:
    return lambda _path, file: pa.CompressedInputStream(file, name)


def _xz(_path: str, file: Any) -> Any:
    return lzma.LZMAFile(file)


def _zip(path: str, file: Any) -> Any:
    archive = zipfile.ZipFile(file)
    return archive.open(_member(path, archive))


_OPEN: Final[Mapping[Compression, Callable[[str, Any], Any]]] = {
    "gzip": _of_arrow("gzip"),
    "zstd": _of_arrow("zstd"),
    "bz2": _of_arrow("bz2"),
    "xz": _xz,
    "zip": _zip,
}
