"""The replies of RPCs, before a transport sends them."""

from dataclasses import dataclass

from google.protobuf.message import Message

from schemaregistry_server.rpc.proto_json import compact, to_json


@dataclass(frozen=True, slots=True)
class Prepared:
    """An answer that a worker encoded for both transports: protobuf, ProtoJSON, and a line of text ("" for none).

    Encoding a large message as JSON takes a second, which would block the event loop.
    """

    proto: bytes
    json: bytes
    text: str

    @classmethod
    def of(cls, message: Message) -> "Prepared":
        """Encode a message that has no line of text."""
        return cls(message.SerializeToString(), compact(to_json(message)).encode(), "")


@dataclass(frozen=True, slots=True)
class Reply:
    """A message and its headers, with lower-case names (HTTP headers in REST, initial metadata in gRPC)."""

    message: Message | Prepared
    headers: tuple[tuple[str, str], ...] = ()
