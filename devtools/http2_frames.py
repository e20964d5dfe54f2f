"""Frames of HTTP/2 made by hand, for peers that behave as no library lets them (RFC 9113)."""

import struct
from collections.abc import Iterator, Mapping
from typing import Final

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
"""Types of frames."""
END_STREAM, ACK, END_HEADERS = 1, 1, 4
"""Flags of frames; the first is DATA's and HEADERS', the second SETTINGS' and PING's."""


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """The bytes of a frame (section 4.1)."""
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


def field_lines(values: Mapping[str, str]) -> bytes:
    """Header fields, none of them indexed or compressed, each part below 127 bytes (RFC 7541, section 6.2.2)."""
    parts = ((name.encode(), value.encode()) for name, value in values.items())
    return b"".join(b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value for name, value in parts)


def grpc_fields(path: str, **more: str) -> bytes:
    """The header fields of a gRPC call to `path`; `more` has further ones, with `_` for `-`."""
    usual = {":method": "POST", ":scheme": "https", ":path": path, ":authority": "localhost"}
    usual |= {"te": "trailers", "content-type": "application/grpc"}
    return field_lines(usual | {name.replace("_", "-"): value for name, value in more.items()})


def frames_of(received: bytearray) -> Iterator[tuple[int, int, int, bytes]]:
    """Take every whole frame off the front of `received`: its type, flags, stream and payload."""
    while len(received) >= 9 and len(received) >= 9 + (size := int.from_bytes(received[:3])):
        kind, flags, stream = struct.unpack("!BBI", received[3:9])
        payload = bytes(received[9 : 9 + size])
        del received[: 9 + size]
        yield kind, flags, stream, payload
