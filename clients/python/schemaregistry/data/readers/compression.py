"""Compressed files as streams of what is in them: gzip, Zstandard, bzip2, xz, and zip archives of one file."""

import lzma
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Literal, TypeAlias

import pyarrow as pa

from schemaregistry.data.report.unreadable import UnreadableFile

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
_CHUNK: Final = 1 << 16
_MOST_MEMORY: Final = 1 << 30
"""Bytes that a dictionary of xz may take; those of its own levels take 64 MiB at most."""
_END: Final = b"PK\x05\x06"
_END_SIZE: Final = 22
"""How an archive ends (PKWARE's APPNOTE.TXT, 4.3.16): so many bytes, and a comment."""
_ENCRYPTED: Final = 1


class Unpacked:
    """A binary stream of what is in a compressed file."""

    def __init__(self, path: str, file: Any, compression: Compression) -> None:
        """Raises Unreadable: CORRUPT; of an archive ENCRYPTED, NOT_ONE_MEMBER where it doesn't hold just one file."""
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
    """The name of the only file in an archive; raises Unreadable: CORRUPT, NOT_ONE_MEMBER, ENCRYPTED."""
    with _reading(path), zipfile.ZipFile(file) as archive:
        return _member(path, file, archive).filename


def _member(path: str, file: Any, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    _refuse_more(path, file, archive)
    members = [each for each in archive.infolist() if not each.is_dir() and _is_data(each.filename)]
    if len(members) == 1:
        if members[0].flag_bits & _ENCRYPTED:
            raise UnreadableFile(path, "ENCRYPTED", f"{members[0].filename} is encrypted in the archive: unpack it")
        return members[0]
    names = [each.filename for each in members]
    shown = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
    message = f"the archive holds {len(names):,} files ({shown}), and only one can be read: unpack it" if names else ""
    raise UnreadableFile(path, "NOT_ONE_MEMBER", message or "the archive holds no file")


def _refuse_more(path: str, file: Any, archive: zipfile.ZipFile) -> None:
    """What stands before an archive or after it may be another one, of which nothing would be read."""
    end = file.seek(0, os.SEEK_END) - _END_SIZE - len(archive.comment)
    file.seek(max(end, 0))
    if file.read(len(_END)) != _END:
        raise UnreadableFile(path, "CORRUPT", "more follows the end of the archive: unpack it", offset=end)
    if min((each.header_offset for each in archive.infolist()), default=0):
        raise UnreadableFile(path, "CORRUPT", "the archive doesn't start where the file does: unpack it", offset=0)


def _is_data(name: str) -> bool:
    """Whether a member isn't what macOS adds, or hidden."""
    return not name.startswith("__MACOSX/") and not name.rpartition("/")[2].startswith(".")


@contextmanager
def _reading(path: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise UnreadableFile(path, "CORRUPT", f"{error}") from None


def _of_arrow(name: Literal["gzip", "zstd", "bz2"]) -> Callable[[str, Any], Any]:
    return lambda _path, file: pa.CompressedInputStream(file, name)


class _Xz:
    """The streams of a file one after another. LZMAFile takes what it can't read after one for the end."""

    def __init__(self, _path: str, file: Any) -> None:
        self._file = file
        self._rest = b""
        self._decoder: lzma.LZMADecompressor | None = lzma.LZMADecompressor(lzma.FORMAT_XZ, _MOST_MEMORY)

    def read(self, size: int) -> bytes:
        """The next bytes, none only at the end; raises LZMAError, EOFError."""
        while True:
            if self._decoder is None and not self._starts():
                return b""
            assert self._decoder is not None
            data = b""
            if self._decoder.needs_input:
                data = self._rest or self._file.read(_CHUNK)
                self._rest = b""
                if not data:
                    raise EOFError("the file is cut off within its xz stream")
            found = self._decoder.decompress(data, size)
            if self._decoder.eof:
                self._rest = self._decoder.unused_data
                self._decoder = None
            if found:
                return found

    def _starts(self) -> bool:
        """Whether another stream comes; between them there may be zeros, four at a time."""
        zeros = 0
        while not self._rest.lstrip(b"\0"):
            zeros += len(self._rest)
            self._rest = self._file.read(_CHUNK)
            if not self._rest:
                break
        zeros += len(self._rest) - len(self._rest.lstrip(b"\0"))
        if zeros % 4:
            raise lzma.LZMAError("what follows an xz stream is none")
        self._rest = self._rest.lstrip(b"\0")
        if self._rest:
            self._decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, _MOST_MEMORY)
        return bool(self._rest)

    def close(self) -> None:
        """The file is its owner's."""


def _zip(path: str, file: Any) -> Any:
    archive = zipfile.ZipFile(file)
    return archive.open(_member(path, file, archive))


_OPEN: Final[Mapping[Compression, Callable[[str, Any], Any]]] = {
    "gzip": _of_arrow("gzip"),
    "zstd": _of_arrow("zstd"),
    "bz2": _of_arrow("bz2"),
    "xz": _Xz,
    "zip": _zip,
}
