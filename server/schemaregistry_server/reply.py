"""What an RPC answers, free of transport."""

from dataclasses import dataclass

from google.protobuf.message import Message


@dataclass(frozen=True, slots=True)
class Reply:
    """A message, and headers as lower-case names (REST: headers; gRPC: metadata)."""

    message: Message
    headers: tuple[tuple[str, str], ...] = ()
