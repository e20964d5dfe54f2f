"""gzip and zstd of HTTP bodies: undone within a bound for requests, done and remembered for answers.

Holds no choice of an encoding; that is `negotiation.py`'s.
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
"""What a request may call its encoding (RFC 9110, section 8.4.1; RFC 8878)."""

LEVELS: Final = {"zstd": 9, "gzip": 6}

SHORT: Final = 16 << 10
"""Bytes that are compressed at once; more are left to another thread, which needs no interpreter for it."""

MAX_MEMBERS: Final = 16
"""Members or frames of one body: each costs time of its own, however little it holds."""

WINDOW: Final[dict[int, int]] = {zstd.DecompressionParameter.window_log_max: 23}
"""8 MiB, which every decoder should take (RFC 8878, section 3.1.1.1.2); a frame could ask for gigabytes."""

REMEMBERED: Final = 32 << 20
"""Bytes of encoded documents that are kept."""


class UnsupportedEncoding(RegistryError):
    """A request's body in an encoding that isn't read (REST answers 415)."""

    code = "INVALID_ARGUMENT"


def decoded(data: bytes, content_encoding: str, most: int) -> bytes:
    """The body under its encodings; may be one byte over `most`, and is then to be refused.

    Raises UnsupportedEncoding, or InvalidArgument (BAD_ENCODING) where the bytes are not what they are called.
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
        return _undone(NAMES[wanted[0]], data, most)
    except (zlib.error, zstd.ZstdError, EOFError):
        raise InvalidArgument(
            f"The body isn't whole {wanted[0]}, as its Content-Encoding says.", reason="BAD_ENCODING"
        ) from None


def _undone(name: str, data: bytes, most: int) -> bytes:
    """Every member or frame, one after the other, until one byte over `most`."""
    made: bytes = b""
    for _ in range(MAX_MEMBERS):
        room = most + 1 - len(made)
        decoder: Any = zlib.decompressobj(wbits=31) if name == "gzip" else zstd.ZstdDecompressor(options=WINDOW)
        part = decoder.decompress(data, room)
        if not decoder.eof and len(part) < room:
            raise EOFError
        made, data = made + part, decoder.unused_data
        if not data or len(made) > most:
            return made
    raise EOFError


class Encoder:
    """Answers under an encoding. A document's bytes never change, so what was made of them is kept by their ETag."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self.kept: ByteLru[tuple[str, str], bytes] = ByteLru(remembered, len)

    async def document(self, etag: str, data: bytes, name: str) -> bytes:
        """A document under an encoding, from memory where it was asked for lately."""
        found = self.kept.get((etag, name))
        if found is None:
            found = await encoded(data, name)
            self.kept.put((etag, name), found)
        return found


async def encoded(data: bytes, name: str) -> bytes:
    """`data` under an encoding of OFFERED: the same bytes each time."""
    if len(data) <= SHORT:
        return _done(data, name)
    return await asyncio.to_thread(_done, data, name)


def _done(data: bytes, name: str) -> bytes:
    if name == "gzip":
        return gzip.compress(data, LEVELS[name], mtime=0)
    return bytes(zstd.compress(data, LEVELS[name]))
