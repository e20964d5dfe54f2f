"""Decompress files: gzip, Zstandard, bzip2, xz, and zip archives with one member."""

import bz2
import lzma
import os
import re
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from enum import Enum, auto
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
_MAGIC_SIZE: Final = 4
_ZSTD: Final = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")
"""How a Zstandard frame begins: one of data, or one to skip (RFC 8878, 3.1)."""
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
        raise UnreadableFile(path, "CORRUPT", "more follows the end of the archive: unpack it")
    if min((each.header_offset for each in archive.infolist()), default=0):
        raise UnreadableFile(path, "CORRUPT", "the archive doesn't start where the file does: unpack it")


def _is_data(name: str) -> bool:
    """Whether a member is data: not hidden, and not a resource fork that macOS adds."""
    return not name.startswith("__MACOSX/") and not name.rpartition("/")[2].startswith(".")


@contextmanager
def _reading(path: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise UnreadableFile(path, "CORRUPT", f"{error}") from None


class _Gzip:
    """Decompresses one gzip stream, with the interface of bz2's and lzma's decompressors."""

    def __init__(self) -> None:
        # 16 more than the largest window: gzip's header, not zlib's.
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS + 16)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def decompress(self, data: bytes, size: int) -> bytes:
        """Return at most `size` bytes. Raises zlib.error."""
        found = self._inflate.decompress(self._inflate.unconsumed_tail + data, size)
        self.needs_input = not self._inflate.unconsumed_tail and len(found) < size
        return found


class _Zeros(Enum):
    """Where zeros may stand between and after streams."""

    NOWHERE = auto()
    AT_THE_END = auto()
    """At the end only, any number of them: what gzip passes over, as tapes have it."""
    IN_FOURS = auto()
    """After any stream, a multiple of four of them (the .xz file format, 2.2)."""


class _Streams:
    """The bytes of all compressed streams in a file, one after another.

    Python's own files ignore whatever follows a stream and isn't one; here it is an error.
    """

    def __init__(self, file: Any, name: Compression, start: Callable[[], Any], zeros: _Zeros) -> None:
        self._file = file
        self._name = name
        self._magic = next(magic for magic, each in COMPRESSED if each == name)
        self._start = start
        self._zeros = zeros
        self._rest = b""
        self._taken = 0
        self._begun = False
        self._decoder: Any = None

    def read(self, size: int) -> bytes:
        """Return the next bytes, none only at the end. Raises what `_BROKEN` lists, EOFError, OSError."""
        while True:
            if self._decoder is None and not self._starts():
                return b""
            data = b""
            # Input that was taken before may still yield more output than `size`.
            if self._decoder.needs_input:
                data = self._rest or self._more()
                self._rest = b""
                if not data:
                    raise EOFError(f"the file is cut off within its {self._name} stream")
            try:
                found: bytes = self._decoder.decompress(data, size)
            except lzma.LZMAError as error:
                # It tells damage from a dictionary that is too large, and from options that it doesn't know.
                raise OSError(str(error)) from None
            except (OSError, zlib.error):
                raise OSError(f"the {self._name} stream is damaged") from None
            if self._decoder.eof:
                self._rest = self._decoder.unused_data
                self._decoder = None
            if found:
                return found

    def _more(self) -> bytes:
        data: bytes = self._file.read(_CHUNK)
        self._taken += len(data)
        return data

    def _starts(self) -> bool:
        """Skip what may stand after a stream, and say whether another stream follows."""
        at = self._taken - len(self._rest)
        zeros = self._skip_zeros() if self._begun and self._zeros is not _Zeros.NOWHERE else 0
        while len(self._rest) < len(self._magic) and (more := self._more()):
            self._rest += more
        is_padded = zeros == 0 or self._zeros is _Zeros.AT_THE_END or zeros % 4 == 0
        if self._begun and not self._rest and is_padded:
            return False
        is_next = zeros == 0 or (self._zeros is _Zeros.IN_FOURS and zeros % 4 == 0)
        if not (self._rest.startswith(self._magic) and is_next):
            message = f"bytes follow the end of the {self._name} stream (at byte {at:,}): cut them off"
            raise OSError(message if self._begun else f"it isn't {self._name}, as its name says")
        self._begun = True
        self._decoder = self._start()
        return True

    def _skip_zeros(self) -> int:
        """Skip zeros, and return how many there were."""
        skipped = 0
        while self._rest or (more := self._more()):
            self._rest = self._rest or more
            left = self._rest.lstrip(b"\0")
            skipped += len(self._rest) - len(left)
            self._rest = left
            if left:
                break
        return skipped

    def close(self) -> None:
        """Do nothing: whoever opened the file closes it."""


class _Zstd:
    """The bytes of all Zstandard frames in a file. Arrow decompresses them, and doesn't say where one ends."""

    def __init__(self, file: Any) -> None:
        self._is_zstd = _ZSTD.match(file.peek(_MAGIC_SIZE)) is not None
        self._stream = pa.CompressedInputStream(file, "zstd")

    def read(self, size: int) -> bytes:
        """Return the next bytes, none only at the end. Raises OSError."""
        try:
            return bytes(self._stream.read(size))
        except OSError as error:
            if "Unknown frame descriptor" not in str(error):
                raise
            message = "bytes follow the end of the zstd stream: cut them off"
            raise OSError(message if self._is_zstd else "it isn't zstd, as its name says") from None

    def close(self) -> None:
        """Close the decompressor."""
        self._stream.close()


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


def _xz() -> Any:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, _MOST_MEMORY)


_OPEN: Final[Mapping[Compression, Callable[[str, Any], Any]]] = {
    "gzip": lambda _, file: _Streams(file, "gzip", _Gzip, _Zeros.AT_THE_END),
    "zstd": lambda _, file: _Zstd(file),
    "bz2": lambda _, file: _Streams(file, "bz2", bz2.BZ2Decompressor, _Zeros.NOWHERE),
    "xz": lambda _, file: _Streams(file, "xz", _xz, _Zeros.IN_FOURS),
    "zip": _Zip,
}
