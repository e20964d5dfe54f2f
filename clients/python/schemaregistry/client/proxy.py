"""Find the proxy that gRPC uses to reach a registry, from the environment variables.

gRPC's core takes the first of `grpc_proxy`, `https_proxy` and `http_proxy` that is set, unless the host ends in an
entry of `no_grpc_proxy` or else `no_proxy` (https://github.com/grpc/grpc/blob/master/doc/environment_variables.md). A
registry on this machine is always reached without a proxy.
"""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from schemaregistry.client.target import address

_PROXIES: Final = ("grpc_proxy", "https_proxy", "http_proxy")
_EXCEPTIONS: Final = ("no_grpc_proxy", "no_proxy")


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, and the environment variable that names it."""

    variable: str
    host: str
    port: int

    def __str__(self) -> str:
        """Name the proxy for a message, without the user and the password that the variable may contain."""
        return f"the proxy {self.host}:{self.port} (the environment's {self.variable})"


def is_local(target: str) -> bool:
    """Tell whether the name of a target alone (a loopback address, a Unix socket) says that it is on this machine."""
    place = address(target)
    return _is_loopback(place[0]) if place else target.startswith("unix")


def proxy_for(target: str, environment: Mapping[str, str] = os.environ) -> Proxy | None:
    """Return the proxy through which gRPC connects to `target`, or None where it connects directly."""
    place = address(target)
    if place is None or is_local(target):
        return None
    named = next((name for name in _PROXIES if name in environment), None)
    exceptions = next((environment[name] for name in _EXCEPTIONS if name in environment), "")
    if named is None or _is_excepted(place[0], exceptions):
        return None
    try:
        url = urlsplit(environment[named])
        return Proxy(named, url.hostname, url.port or 80) if url.scheme == "http" and url.hostname else None
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        return False


def _is_excepted(host: str, exceptions: str) -> bool:
    entries = [entry.strip() for entry in exceptions.split(",") if entry.strip()]
    return any(host.lower().endswith(entry.lower()) or _is_within(host, entry) for entry in entries)


def _is_within(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
