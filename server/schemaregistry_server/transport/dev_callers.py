"""Who calls over REST in dev mode, where there are no certificates, and the guard against web pages."""

import ipaddress
from functools import lru_cache
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from schemaregistry.errors import PermissionDenied
from schemaregistry_server.security import pki
from schemaregistry_server.security.identity import Identity
from schemaregistry_server.transport.problems import problem

DEV_PUBLISHER: Final = Identity(pki.IDENTITIES["ci-bot"], True, "loopback")

ANYONE: Final = Identity("anonymous", False, "network")
"""A caller from another machine: there are none unless REST was told by name to listen beyond loopback."""

LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


def rest_identity(scope: Scope) -> Identity:
    """A program on this machine acts as the publisher; others may read. The connection decides, no header does."""
    return DEV_PUBLISHER if is_loopback(scope["client"][0]) else ANYONE


@lru_cache(maxsize=1024)
def is_loopback(address: str) -> bool:
    """Whether an IP address is this machine's own; an IPv4 one may be written as IPv6 (`::ffff:127.0.0.1`)."""
    ip = ipaddress.ip_address(address)
    return (getattr(ip, "ipv4_mapped", None) or ip).is_loopback


class OwnPrograms:
    """An ASGI app that refuses web pages open on this machine, before anything else of their request is looked at.

    A page sends an `Origin`, or a Host that isn't loopback's. Without this, any page that a developer opens could read
    and write the registry (DNS rebinding, cross-site request).
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.app
        if scope["type"] == "http" and is_loopback(scope["client"][0]) and _from_a_page(scope):
            app = problem(
                PermissionDenied(
                    "This address answers the same machine's own programs only, not web pages: use curl or a client, "
                    "with localhost, 127.0.0.1 or [::1] as the host.",
                    reason="NOT_LOOPBACK",
                )
            )
        await app(scope, receive, send)


def _from_a_page(scope: Scope) -> bool:
    hosts, origins = (
        [value.decode("latin-1").lower() for name, value in scope["headers"] if name == wanted]
        for wanted in (b"host", b"origin")
    )
    if len(hosts) != 1 or _name(hosts[0]) not in LOOPBACK_HOSTS:
        return True
    return any(origin != f"http://{hosts[0]}" for origin in origins)


def _name(host: str) -> str:
    """The Host header without its port."""
    return host if host.endswith("]") else host.rpartition(":")[0] or host
