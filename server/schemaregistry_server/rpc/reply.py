"""What an RPC answers, free of transport."""

from dataclasses import dataclass

from google.protobuf.message import Message


@dataclass(frozen=True, slots=True)
class Prepared:
    """An answer as the bytes of both transports, made in a worker: `proto`, its ProtoJSON, and its line of text.

    A large message takes a second to write as JSON, which the event loop hasn't got.
    """

    proto: bytes
    json: bytes
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A message, and headers as lower-case names (REST: headers; gRPC: metadata)."""

    message: Message | Prepared
    headers: tuple[tuple[str, str], ...] = ()
