"""What a server is told at start. Reads nothing."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemaregistry.errors import InvalidArgument

DEFAULT_DATA: Final = Path(".data")
DEFAULT_GRPC: Final = "localhost:50051"
DEFAULT_REST: Final = "127.0.0.1:8000"


@dataclass(frozen=True, slots=True)
class Settings:
    """`grpc` and `rest` are HOST:PORT (port 0: any free one); `store` is a name that `store.selection` reads; `publish`
    a directory of documents, or None.

    Seconds: between a watch's marks of progress, for calls in flight at the end, and for a reader to take a message.
    """

    data: Path
    grpc: str
    rest: str
    store: str = "sqlite"
    publish: Path | None = None
    reflection: bool = True
    progress_seconds: float = 10.0
    grace_seconds: float = 10.0
    slow_seconds: float = 30.0

    @property
    def tls(self) -> Path:
        return self.data / "tls"


def host_and_port(address: str, option: str) -> tuple[str, int]:
    """Read HOST:PORT, an IPv6 host in brackets; raise InvalidArgument (BAD_ADDRESS) naming the option."""
    host, _, port = address.rpartition(":")
    if not host or not (port.isascii() and port.isdecimal()) or int(port) > 65535:
        raise InvalidArgument(
            f"{option} {address!a} is not HOST:PORT, such as localhost:8000; PORT is 0 (a free one) to 65535.",
            reason="BAD_ADDRESS",
        )
    return host.removeprefix("[").removesuffix("]"), int(port)
