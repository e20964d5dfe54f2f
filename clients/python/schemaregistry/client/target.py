"""Check the address of a registry: `HOST:PORT`, or another name that gRPC resolves."""

import os
import re
from typing import Final

from schemaregistry.errors import InvalidArgument

DEFAULT_TARGET: Final = "localhost:50051"
VARIABLE: Final = "SCHEMAREGISTRY_TARGET"

# `HOST:PORT`, with IPv6 in brackets, perhaps after gRPC's scheme `dns:`, `ipv4:` or `ipv6:`.
_ADDRESS: Final = re.compile(
    r"(?:dns:(?:///)?|ipv[46]:)?(?:\[(?P<v6>[0-9A-Fa-f:.%]+)\]|(?P<host>[^\s\x00-\x1f/:\[\]]+)):(?P<port>[0-9]{1,5})"
)
_OTHER_NAMES: Final = ("dns:", "ipv4:", "ipv6:", "unix:", "unix-abstract:", "xds:")


def target_from_environment() -> str:
    """Return the address in SCHEMAREGISTRY_TARGET, or `localhost:50051`."""
    return os.environ.get(VARIABLE) or DEFAULT_TARGET


def check_target(target: str) -> str:
    """Return `target`. Raises InvalidArgument (reason BAD_TARGET) where it can't be an address.

    A name with one of gRPC's schemes is left to gRPC (https://github.com/grpc/grpc/blob/master/doc/naming.md).
    """
    address = _ADDRESS.fullmatch(target) if isinstance(target, str) else None
    if (address and 0 < int(address["port"]) < 65536) or (
        not address and isinstance(target, str) and target.startswith(_OTHER_NAMES)
    ):
        return target
    message = f"{target!r} is no place of a registry: write HOST:PORT, as in {DEFAULT_TARGET} (--registry, {VARIABLE})"
    raise InvalidArgument(message, reason="BAD_TARGET")


def address(target: str) -> tuple[str, int] | None:
    """Return the host and port of `target`, or None where it isn't one host and port (a Unix socket, say)."""
    found = _ADDRESS.fullmatch(target)
    return (found["v6"] or found["host"], int(found["port"])) if found else None
