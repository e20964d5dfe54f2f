"""Decompress files: gzip, Zstandard, bzip2, xz, and zip archives with one member."""

import lzma
import os
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
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
"""Name suffixes of compressed files."""
COMPRESSED: Final[tuple[tuple[bytes, Compression], ...]] = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"PK\x03\x04", "zip"),
)
"""First bytes of compressed files."""
_BROKEN: Final = (lzma.LZMAError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)
"""What the libraries raise, besides READ_ERRORS, for damaged data; RuntimeError is zipfile's for encrypted members."""
_SHOWN: Final = 5
"""How many member names an error lists."""
_CHUNK: Final = 1 << 16
"""Compressed bytes read at a time."""
_MOST_MEMORY: Final = 1 << 30
"""Bytes of memory that xz may use; its highest preset needs a dictionary of 64 MiB."""
_END: Final = b"PK\x05\x06"
_END_SIZE: Final = 22
"""Bytes of the end-of-central-directory record of a zip archive without its comment (PKWARE APPNOTE.TXT, 4.3.16)."""
_ENCRYPTED: Final = 1
"""Bit 0 of a zip member's general purpose flags (APPNOTE.TXT, 4.4.4)."""

_METHODS: Final = frozenset((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2))
"""The compression methods of a zip's members that every language reads; Python's zipfile knows LZMA, libzip may not."""


class Unpacked:
    """The decompressed bytes of a file, as a stream."""

    def __init__(self, path: str, file: Any, compression: Compression) -> None:
        """Start decompressing `file`; `path` is for messages.

        Raises UnreadableFile: CORRUPT, and for an archive ENCRYPTED, or NOT_ONE_MEMBER where it has no or several
        members.
        """
        self._path = path
        with _reading(path):
            self._stream = _OPEN[compression](path, file)

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer only at the end. Raises UnreadableFile (CORRUPT) for damaged data."""
        with _reading(self._path):
            return bytes(self._stream.read(size))

    def close(self) -> None:
        """Close the decompressor; the file stays open."""
        self._stream.close()


def member_of(path: str, file: Any) -> str:
    """Return the name of an archive's only member. Raises UnreadableFile: CORRUPT, NOT_ONE_MEMBER, ENCRYPTED."""
    with _reading(path), zipfile.ZipFile(file) as archive:
        return _member(path, file, archive).filename


def _member(path: str, file: Any, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    _refuse_more(path, file, archive)
    members = [each for each in archive.infolist() if not each.is_dir() and _is_data(each.filename)]
    if len(members) == 1:
        if members[0].flag_bits & _ENCRYPTED:
            raise UnreadableFile(path, "ENCRYPTED", f"{members[0].filename} is encrypted in the archive: unpack it")
        if members[0].compress_type not in _METHODS:
            message = (
                f"{members[0].filename} is compressed by method {members[0].compress_type}: compress it with deflate"
            )
            raise UnreadableFile(path, "PACKED", message)
        return members[0]
    names = [each.filename for each in members]
    shown = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
    message = f"the archive holds {len(names):,} files ({shown}), and only one can be read: unpack it" if names else ""
    raise UnreadableFile(path, "NOT_ONE_MEMBER", message or "the archive holds no file")


def _refuse_more(path: str, file: Any, archive: zipfile.ZipFile) -> None:
    """Refuse bytes before or after the archive: they may be another archive, which zipfile would skip silently."""
    end = file.seek(0, os.SEEK_END) - _END_SIZE - len(archive.comment)
    file.seek(max(end, 0))
    if file.read(len(_END)) != _END:
        raise UnreadableFile(path, "CORRUPT", "more follows the end of the archive: unpack it", offset=end)
    if min((each.header_offset for each in archive.infolist()), default=0):
        raise UnreadableFile(path, "CORRUPT", "the archive doesn't start where the file does: unpack it", offset=0)


def _is_data(name: str) -> bool:
    """Whether a member is data: not hidden, and not a resource fork that macOS adds."""
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
    """A stream of all xz streams in a file, one after another.

    Python's LZMAFile ignores whatever follows a stream and isn't one; here it is an error.
    """

    def __init__(self, _path: str, file: Any) -> None:
        self._file = file
        self._rest = b""
        self._decoder: lzma.LZMADecompressor | None = lzma.LZMADecompressor(lzma.FORMAT_XZ, _MOST_MEMORY)

    def read(self, size: int) -> bytes:
        """Return the next bytes, none only at the end. Raises LZMAError, EOFError."""
        while True:
            if self._decoder is None and not self._starts():
                return b""
            assert self._decoder is not None
            data = b""
            # Input that was taken before may still yield more output than `size`.
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
        """Skip the padding after a stream, and say whether another stream follows."""
        zeros = 0
        while not self._rest.lstrip(b"\0"):
            zeros += len(self._rest)
            self._rest = self._file.read(_CHUNK)
            if not self._rest:
                break
        zeros += len(self._rest) - len(self._rest.lstrip(b"\0"))
        # Stream padding is a multiple of four zero bytes (the .xz file format, 2.2).
        if zeros % 4:
            raise lzma.LZMAError("what follows an xz stream is none")
        self._rest = self._rest.lstrip(b"\0")
        if self._rest:
            self._decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, _MOST_MEMORY)
        return bool(self._rest)

    def close(self) -> None:
        """Do nothing: whoever opened the file closes it."""


class _Zip:
    """A stream of an archive's only member, all of it: zipfile reads no more bytes than the archive states."""

    def __init__(self, path: str, file: Any) -> None:
        archive = zipfile.ZipFile(file)
        self._member = _member(path, file, archive)
        self._left = self._member.file_size
        whole = copy(self._member)
        whole.file_size = sys.maxsize
        self._stream = archive.open(whole)

    def read(self, size: int) -> bytes:
        """Return the next bytes, none only at the end. Raises BadZipFile where there are more or fewer than stated."""
        found = self._stream.read(size)
        self._left -= len(found)
        if self._left < 0 or (self._left and size and not found):
            more = "more" if self._left < 0 else "fewer"
            stated = f"the {self._member.file_size} bytes that the archive states"
            raise zipfile.BadZipFile(f"{self._member.filename} has {more} than {stated}: the archive is damaged")
        return found

    def close(self) -> None:
        """Close the member."""
        self._stream.close()


_OPEN: Final[Mapping[Compression, Callable[[str, Any], Any]]] = {
    "gzip": _of_arrow("gzip"),
    "zstd": _of_arrow("zstd"),
    "bz2": _of_arrow("bz2"),
    "xz": _Xz,
    "zip": _Zip,
}
