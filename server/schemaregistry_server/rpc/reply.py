"""The replies of RPCs, before a transport sends them."""

from dataclasses import dataclass

from google.protobuf.message import Message


@dataclass(frozen=True, slots=True)
class Prepared:
    """An answer that a worker encoded for both transports: protobuf, ProtoJSON, and a line of text ("" for none).

    Encoding a large message as JSON takes a second, which would block the event loop.
    """

    proto: bytes
    json: bytes
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A message and its headers, with lower-case names (HTTP headers in REST, initial metadata in gRPC)."""

    message: Message | Prepared
    headers: tuple[tuple[str, str], ...] = ()
