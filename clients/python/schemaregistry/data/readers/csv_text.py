"""Rewrite a CSV dialect's bytes to RFC 4180: UTF-8, no comments or lines before the header, quotes doubled.

`csv.py` parses the fields.
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
"""Bytes of the longest byte order mark."""
_CHUNK: Final = 1 << 17
"""Bytes rewritten at a time."""


class CsvText:
    """The text of a CSV file; implements `Reads` (lines.py). Bytes of plain UTF-8 CSV pass through unchanged."""

    def __init__(self, path: str, file: Input, dialect: CsvDialect) -> None:
        self._path = path
        self._file = file
        self._dialect = dialect
        self._decoder: codecs.IncrementalDecoder | None = None
        self._lines = _Lines(dialect)
        self._is_plain: bool | None = None
        self._ready = b""
        self._decoded_bytes = 0
        self._decoded_lines = 0

    @property
    def position(self) -> int:
        """Bytes of the file on disk read so far."""
        return self._file.position

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def passed_over(self, offset: int) -> int:
        """Return how many lines of the file before `offset` of this text were left out of it."""
        return bisect.bisect_right(self._lines.removed, offset)

    def read(self, size: int) -> bytes:
        """Return the next bytes, `size` at most, none only at the end. Raises UnreadableFile (BAD_ENCODING)."""
        if self._is_plain is None:
            self._begin()
        if self._is_plain:
            if self._ready:
                ready, self._ready = self._ready, b""
                return ready
            return self._file.read(size)
        while not self._ready:
            chunk = self._file.read(min(_CHUNK, BLOCK))
            self._ready = self._lines.rewritten(self._decoded(chunk), ended=not chunk)
            if not chunk:
                break
        ready, self._ready = self._ready[:size], self._ready[size:]
        return ready

    def _begin(self) -> None:
        """Read the first bytes and choose the encoding."""
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
            self._decoded_bytes = len(mark)
            self._ready = self._lines.rewritten(self._decoded(head.removeprefix(mark)), ended=False)

    def _encoding(self, head: bytes) -> str | None:
        """Return the dialect's encoding, else the one that the byte order mark states; None for UTF-8."""
        stated = self._dialect.encoding
        # Looked for first, since UTF-32's little-endian mark begins with UTF-16's.
        if head.startswith(_UTF32):
            self._refuse("it is UTF-32: write it as UTF-8")
        marked = _UTF16.get(head[:2])
        if stated not in (None, "utf-16"):
            found = "utf-8" if head.startswith(codecs.BOM_UTF8) else marked or stated
            if found != stated:
                self._refuse(f"its byte order mark says {found}, not {stated}: leave --encoding out")
            return stated
        if stated == "utf-16" and head and marked is None:
            self._refuse("UTF-16 without a byte order mark: say --encoding utf-16le or utf-16be")
        return marked

    def _decoded(self, chunk: bytes) -> bytes:
        if self._decoder is None:
            return chunk
        self._decoded_bytes += len(chunk)
        try:
            text = self._decoder.decode(chunk, not chunk)
        except UnicodeDecodeError as error:
            raise self._undecodable(error) from None
        self._decoded_lines += text.count("\n")
        return text.encode()

    def _undecodable(self, error: UnicodeDecodeError) -> UnreadableFile:
        """Return the error for a byte that the encoding doesn't have, with its offset and line in the file."""
        stated = self._dialect.encoding
        if stated in (None, "utf-16"):
            message = "it isn't UTF-16 throughout, as its byte order mark says: mend it from this byte on"
        else:
            message = f"it isn't {stated} throughout: mend it at this byte, or say another --encoding"
        # What the decoder had left over of earlier bytes stands before the chunk in `object`.
        before = error.object[: error.start].decode(error.encoding if error.encoding != "charmap" else str(stated))
        return UnreadableFile(
            self._path,
            "BAD_ENCODING",
            message,
            offset=self._decoded_bytes - len(error.object) + error.start,
            line=self._decoded_lines + before.count("\n") + 1,
        )

    def _refuse(self, message: str) -> None:
        raise UnreadableFile(self._path, "BAD_ENCODING", message, offset=0, line=1)


class _Lines:
    """Removes comments and lines before the header, and rewrites escaped quotes to doubled ones.

    `removed` has, for each removed line, the offset in the rewritten text at which it stood.
    """

    def __init__(self, dialect: CsvDialect) -> None:
        self.removed: list[int] = []
        self._left = dialect.skip_lines or 0
        self._comment = (dialect.comment or "").encode()
        self._escape = (dialect.escape or "").encode()
        self._at_start = True
        self._commented = False
        self._inside = False
        self._pending = b""
        self._written = 0
        self._pairs = re.compile(b"(?s:" + re.escape(self._escape) + b'.)|"')

    @property
    def is_plain(self) -> bool:
        """Whether the dialect leaves nothing to rewrite."""
        return not (self._left or self._comment or self._escape)

    def rewritten(self, text: bytes, *, ended: bool) -> bytes:
        """Rewrite the next bytes of the text; `ended` says that no more follow."""
        text, self._pending = self._pending + text, b""
        if self._escape and not ended:
            trailing = len(text) - len(text.rstrip(self._escape))
            # An escape at the end belongs to the first byte of the next chunk.
            if trailing % 2:
                text, self._pending = text[:-1], text[-1:]
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
        """Remove comments: lines that start with the mark, outside of quotes."""
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
        """Rewrite the quotes of a part of the text, and note whether its end is within quotes."""
        if self._escape:
            return self._pairs.sub(self._doubled, part)
        # A doubled quote counts twice, and so changes nothing.
        self._inside ^= part.count(b'"') % 2 == 1
        return part

    def _doubled(self, found: re.Match[bytes]) -> bytes:
        """Rewrite one token.

        Within quotes an escaped quote becomes a doubled one, and an escaped escape a single one; all else stays as it
        is.
        """
        token = found[0]
        if token == b'"':
            self._inside = not self._inside
            return token
        if not self._inside:
            return token
        return {b'"': b'""', self._escape: self._escape}.get(token[-1:], token)
