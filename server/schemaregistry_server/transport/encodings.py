"""gzip and zstd of HTTP bodies: decode requests within a bound, encode answers and cache encoded documents.

`negotiation.py` chooses the encoding of an answer.
"""

import asyncio
import gzip
import sys
import zlib
from typing import Any, Final

from schemaregistry.errors import InvalidArgument, RegistryError
from schemaregistry_server.rpc.byte_lru import ByteLru

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

OFFERED: Final = ("zstd", "gzip")
"""Encodings of answers, the best first."""

NAMES: Final = {"gzip": "gzip", "x-gzip": "gzip", "zstd": "zstd"}
"""The names of encodings in requests, and the encodings they mean (RFC 9110, section 8.4.1; RFC 8878)."""

LEVELS: Final = {"zstd": 9, "gzip": 6}

SHORT: Final = 16 << 10
"""Bytes up to which an answer is compressed on the event loop; a longer one goes to a thread, where compression
releases the interpreter's lock."""

MAX_MEMBERS: Final = 16
"""gzip members or zstd frames of one body: each costs time of its own, however little it holds."""

WINDOW: Final[dict[int, int]] = {zstd.DecompressionParameter.window_log_max: 23}
"""8 MiB, which every decoder should accept (RFC 8878, section 3.1.1.1.2); a frame could ask for gigabytes."""

REMEMBERED: Final = 32 << 20
"""Bytes of encoded documents in the cache."""


class UnsupportedEncoding(RegistryError):
    """A request's body in an encoding that the server doesn't decode (REST answers 415)."""

    code = "INVALID_ARGUMENT"


def decoded(data: bytes, content_encoding: str, most: int) -> bytes:
    """Decode a body by its Content-Encoding, up to `most` + 1 bytes; a result of that length means it is too large.

    Raises UnsupportedEncoding, or InvalidArgument (BAD_ENCODING) where the bytes aren't in that encoding.
    """
    names = [name.strip().lower() for name in content_encoding.split(",")]
    wanted = [name for name in names if name not in {"", "identity"}]
    if len(wanted) > 1 or any(name not in NAMES for name in wanted):
        raise UnsupportedEncoding(
            f"Content-Encoding {content_encoding[:80]!a} isn't read: send the body as it is, or under one of "
            f"{', '.join(sorted(OFFERED))}.",
            reason="UNSUPPORTED_ENCODING",
        )
    if not wanted or not data:
        return data
    try:
        return _decompressed(NAMES[wanted[0]], data, most)
    except (zlib.error, zstd.ZstdError, EOFError):
        raise InvalidArgument(
            f"The body isn't whole {wanted[0]}, as its Content-Encoding says.", reason="BAD_ENCODING"
        ) from None


def _decompressed(name: str, data: bytes, most: int) -> bytes:
    """Decompress member after member (gzip) or frame after frame (zstd), up to one byte over `most`."""
    made: bytes = b""
    for _ in range(MAX_MEMBERS):
        room = most + 1 - len(made)
        # wbits=31: gzip alone, no zlib or raw deflate.
        decoder: Any = zlib.decompressobj(wbits=31) if name == "gzip" else zstd.ZstdDecompressor(options=WINDOW)
        part = decoder.decompress(data, room)
        if not decoder.eof and len(part) < room:
            raise EOFError  # the member or frame is cut off
        made, data = made + part, decoder.unused_data
        if not data or len(made) > most:
            return made
    raise EOFError


class Encoder:
    """Encodes documents, and caches the result by ETag: the bytes of a registered document never change."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self.kept: ByteLru[tuple[str, str], bytes] = ByteLru(remembered, len)

    async def document(self, etag: str, data: bytes, name: str) -> bytes:
        """Encode a document by an encoding of OFFERED, or take it from the cache."""
        found = self.kept.get((etag, name))
        if found is None:
            found = await encoded(data, name)
            self.kept.put((etag, name), found)
        return found


async def encoded(data: bytes, name: str) -> bytes:
    """Encode `data` by an encoding of OFFERED; equal bytes have equal encodings, so that an ETag holds for both."""
    if len(data) <= SHORT:
        return _compressed(data, name)
    return await asyncio.to_thread(_compressed, data, name)


def _compressed(data: bytes, name: str) -> bytes:
    if name == "gzip":
        # mtime=0: a gzip header has the time of compression otherwise.
        return gzip.compress(data, LEVELS[name], mtime=0)
    return bytes(zstd.compress(data, LEVELS[name]))
