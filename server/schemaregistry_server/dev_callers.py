"""Who calls in dev mode over REST, where there are no certificates. Holds nothing that production uses."""

import ipaddress
from collections.abc import Callable
from typing import Final

from starlette.types import Scope

from schemaregistry_server import pki
from schemaregistry_server.identity import Identity

DEV_PUBLISHER: Final = Identity(pki.IDENTITIES["ci-bot"], True, "loopback")
ANYONE: Final = Identity("anonymous", False, "network")
NOBODY: Final = Identity("", False, "loopback")


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def rest_identity(address: str) -> Callable[[Scope], Identity]:
    """How a REST caller is named where REST listens on `address`.

    A caller on this machine is the publisher. A page of another site in this machine's browser is nobody: its requests
    name that site in Origin, or, by DNS rebinding, in Host. Callers from elsewhere, where `address` lets them in, read.
    """
    only_here = is_loopback(address.rpartition(":")[0])

    def identify(scope: Scope) -> Identity:
        if not only_here and not is_loopback(scope["client"][0]):
            return ANYONE
        names = [value for name, value in scope["headers"] if name in {b"host", b"origin"}]
        return DEV_PUBLISHER if all(map(_names_this_machine, names)) else NOBODY

    return identify


def _names_this_machine(value: bytes) -> bool:
    """Whether a Host or an Origin field, `[scheme://]host[:port]`, names this machine."""
    host = value.decode("latin-1").rpartition("://")[2]
    return is_loopback(host if host.endswith("]") else host.rpartition(":")[0] or host)
