"""REST callers in dev mode, which has no certificates there: their identity, and a guard against web pages."""

import ipaddress
from functools import lru_cache
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from schemaregistry.errors import PermissionDenied
from schemaregistry_server.security import pki
from schemaregistry_server.security.identity import Identity
from schemaregistry_server.security.rights import EVERY_ID, Rights
from schemaregistry_server.transport.problems import problem

DEV_PUBLISHER: Final = Identity(pki.IDENTITIES["ci-bot"], Rights(publish=EVERY_ID, operate=EVERY_ID), "loopback")

ANYONE: Final = Identity("anonymous", Rights(), "network")
"""A caller from another machine; there are none unless `--rest` names an address beyond loopback."""

LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


def rest_identity(scope: Scope) -> Identity:
    """The identity of a request: a program on this machine is the publisher, others may read.

    The connection's address decides; headers such as X-Forwarded-For don't.
    """
    return DEV_PUBLISHER if is_loopback(scope["client"][0]) else ANYONE


@lru_cache(maxsize=1024)
def is_loopback(address: str) -> bool:
    """Whether an IP address is this machine's own; an IPv4 one may be written as IPv6 (`::ffff:127.0.0.1`)."""
    ip = ipaddress.ip_address(address)
    return (getattr(ip, "ipv4_mapped", None) or ip).is_loopback


class OwnPrograms:
    """An ASGI app that refuses requests of web pages in a browser on this machine, before it looks at anything else.

    Without it, any page that a developer opens could read and write the registry (by DNS rebinding or cross-site
    requests). A page is recognised by its `Origin`, or by a Host that isn't loopback's.
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
