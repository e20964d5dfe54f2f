"""Who calls in dev mode over REST, where there are no certificates. Holds nothing that production uses."""

import ipaddress
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from starlette.types import Scope

from schemaregistry_server import pki, rest
from schemaregistry_server.identity import Identity

DEV_PUBLISHER: Final = Identity(pki.IDENTITIES["ci-bot"], True, "loopback")

ANYONE: Final = Identity("anonymous", False, "network")
"""A caller from another machine: there are none unless REST was told by name to listen beyond loopback."""


def rest_identity() -> Callable[[Scope], Identity]:
    """A program on this machine acts as the publisher, as `rest.loopback_identity` says; others may read."""
    here = rest.loopback_identity(DEV_PUBLISHER)
    return lambda scope: here(scope) if is_loopback(scope["client"][0]) else ANYONE


@lru_cache(maxsize=1024)
def is_loopback(address: str) -> bool:
    """Whether an IP address is this machine's own; an IPv4 one may be written as IPv6 (`::ffff:127.0.0.1`)."""
    ip = ipaddress.ip_address(address)
    return (getattr(ip, "ipv4_mapped", None) or ip).is_loopback
