"""Where a registry is: `HOST:PORT`, or a name that gRPC resolves otherwise. Connects to nothing."""

import os
import re
from typing import Final

from schemaregistry.errors import InvalidArgument

DEFAULT_TARGET: Final = "localhost:50051"
VARIABLE: Final = "SCHEMAREGISTRY_TARGET"

_ADDRESS: Final = re.compile(
    r"(?:dns:(?:///)?|ipv[46]:)?(?:\[(?P<v6>[0-9A-Fa-f:.%]+)\]|(?P<host>[^\s\x00-\x1f/:\[\]]+)):(?P<port>[0-9]{1,5})"
)
_OTHER_NAMES: Final = ("dns:", "ipv4:", "ipv6:", "unix:", "unix-abstract:", "xds:")


def target_from_environment() -> str:
    """The place that SCHEMAREGISTRY_TARGET names, `localhost:50051` without it."""
    return os.environ.get(VARIABLE) or DEFAULT_TARGET


def check_target(target: str) -> str:
    """The target itself; raises InvalidArgument (reason BAD_TARGET) where it can't be one.

    Names with a scheme of gRPC's own pass (https://github.com/grpc/grpc/blob/master/doc/naming.md).
    """
    address = _ADDRESS.fullmatch(target) if isinstance(target, str) else None
    if (address and 0 < int(address["port"]) < 65536) or (
        not address and isinstance(target, str) and target.startswith(_OTHER_NAMES)
    ):
        return target
    message = f"{target!r} is no place of a registry: write HOST:PORT, as in {DEFAULT_TARGET} (--registry, {VARIABLE})"
    raise InvalidArgument(message, reason="BAD_TARGET")


def address(target: str) -> tuple[str, int] | None:
    """Host and port, None where the target has none that one connection could try."""
    found = _ADDRESS.fullmatch(target)
    return (found["v6"] or found["host"], int(found["port"])) if found else None
