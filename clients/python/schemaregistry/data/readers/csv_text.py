"""The bytes of a CSV file as RFC 4180 has them: in UTF-8, without lines that are no records, quotes doubled.

Knows no fields: what stands between them is csv's.
"""

import bisect
import codecs
import re
from typing import Final

from schemaregistry.data.readers.lines import BLOCK
from schemaregistry.data.readers.sources import Input
from schemaregistry.data.report.unreadable import UnreadableFile
from schemaregistry.document.model import CsvDialect

_UTF16: Final = {codecs.BOM_UTF16_LE: "utf-16le", codecs.BOM_UTF16_BE: "utf-16be"}
_UTF32: Final = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_HEAD: Final = 4
_CHUNK: Final = 1 << 17


class CsvText:
    """The text of a file in a dialect, read as an `Input` is; `passed_over` tells the lines that aren't in it."""

    def __init__(self, path: str, file: Input, dialect: CsvDialect) -> None:
        self._path = path
        self._file = file
        self._dialect = dialect
        self._decoder: codecs.IncrementalDecoder | None = None
        self._lines = _Lines(dialect)
        self._is_plain: bool | None = None
        self._ready = b""

    @property
    def position(self) -> int:
        """Bytes on disk that are done."""
        return self._file.position

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

    def passed_over(self, offset: int) -> int:
        """How many lines of the file before an offset of this text aren't in it."""
        return bisect.bisect_right(self._lines.removed, offset)

    def read(self, size: int) -> bytes:
        """The next bytes, fewer only at the end; raises Unreadable for bytes that the encoding hasn't."""
        if self._is_plain is None:
            self._begin()
        if self._is_plain:
            if self._ready:
                ready, self._ready = self._ready, b""
                return ready
            return self._file.read(size)
        while not self._ready:
            chunk = self._file.read(min(_CHUNK, BLOCK))
            self._ready = self._lines.kept(self._decoded(chunk), ended=not chunk)
            if not chunk:
                break
        ready, self._ready = self._ready[:size], self._ready[size:]
        return ready

    def _begin(self) -> None:
        """Look at the first bytes, for a byte order mark."""
        head = self._file.read(_HEAD)
        while 0 < len(head) < _HEAD and (more := self._file.read(_HEAD - len(head))):
            head += more
        encoding = self._encoding(head)
        if encoding not in (None, "utf-8"):
            self._decoder = codecs.getincrementaldecoder(str(encoding))("strict")
        self._is_plain = self._decoder is None and self._lines.is_plain
        if self._is_plain:
            self._ready = head
        else:
            mark = next((mark for mark in (codecs.BOM_UTF8, *_UTF16) if head.startswith(mark)), b"")
            self._ready = self._lines.kept(self._decoded(head.removeprefix(mark)), ended=False)

    def _encoding(self, head: bytes) -> str | None:
        """The encoding that the byte order mark says, and else the dialect."""
        stated = self._dialect.encoding
        if stated not in (None, "utf-16"):
            return stated
        if head.startswith(_UTF32):
            self._refuse("it is UTF-32: write it as UTF-8")
        marked = _UTF16.get(head[:2])
        if stated == "utf-16" and head and marked is None:
            self._refuse("UTF-16 without a byte order mark: say --encoding utf-16le or utf-16be")
        return marked

    def _decoded(self, chunk: bytes) -> bytes:
        if self._decoder is None:
            return chunk
        try:
            return self._decoder.decode(chunk, not chunk).encode()
        except UnicodeError as error:
            encoding = self._dialect.encoding or "UTF-16"
            self._refuse(f"it isn't {encoding} throughout ({error}): say which it is with --encoding")
            raise

    def _refuse(self, message: str) -> None:
        raise UnreadableFile(self._path, "BAD_ENCODING", message, offset=self._file.position)


class _Lines:
    """Takes lines out of a text, and makes its quotes those of RFC 4180; `removed` are the offsets of the lines."""

    def __init__(self, dialect: CsvDialect) -> None:
        self.removed: list[int] = []
        self._left = dialect.skip_lines or 0
        self._comment = (dialect.comment or "").encode()
        self._escape = (dialect.escape or "").encode()
        self._at_start = True
        self._commented = False
        self._inside = False
        self._held = b""
        self._written = 0
        self._pairs = re.compile(b"(?s:" + re.escape(self._escape) + b'.)|"')

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to do."""
        return not (self._left or self._comment or self._escape)

    def kept(self, text: bytes, *, ended: bool) -> bytes:
        """The part of the next bytes that is kept."""
        text, self._held = self._held + text, b""
        if self._escape and not ended:
            trailing = len(text) - len(text.rstrip(self._escape))
            if trailing % 2:
                text, self._held = text[:-1], text[-1:]
        text = self._without_comments(self._without_first_lines(text))
        self._written += len(text)
        return text

    def _without_first_lines(self, text: bytes) -> bytes:
        at = 0
        while self._left and (end := text.find(b"\n", at)) >= 0:
            self._left -= 1
            self.removed.append(self._written)
            at = end + 1
        return b"" if self._left else text[at:]

    def _without_comments(self, text: bytes) -> bytes:
        """A line is a comment where it starts with the mark outside of quotes."""
        if not self._comment:
            return self._record(text)
        parts: list[bytes] = []
        at, kept = 0, self._written
        while at < len(text):
            if self._commented or (self._at_start and not self._inside and text.startswith(self._comment, at)):
                end = text.find(b"\n", at)
                self._commented = end < 0
                if not self._commented:
                    self.removed.append(kept)
                at = len(text) if self._commented else end + 1
                continue
            found = text.find(b"\n" + self._comment, at)
            end = found + 1 if found >= 0 else len(text)
            parts.append(self._record(text[at:end]))
            kept += len(parts[-1])
            self._at_start = text[end - 1 : end] == b"\n"
            at = end
        return b"".join(parts)

    def _record(self, part: bytes) -> bytes:
        """A part of records with its quotes doubled; keeps track of whether its end is within quotes."""
        if self._escape:
            return self._pairs.sub(self._doubled, part)
        self._inside ^= part.count(b'"') % 2 == 1
        return part

    def _doubled(self, found: re.Match[bytes]) -> bytes:
        """An escape stands for itself outside of quotes, and before anything else than a quote and itself."""
        token = found[0]
        if token == b'"':
            self._inside = not self._inside
            return token
        if not self._inside:
            return token
        return {b'"': b'""', self._escape: self._escape}.get(token[-1:], token)
