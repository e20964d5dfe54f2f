"""Limit the requests a second for tokens, by caller and for all that show no certificate together."""

import ipaddress
import math
import time
from collections.abc import Callable
from typing import Final

from schemaregistry_server.exchanger.oauth_errors import OauthRefused
from schemaregistry_server.security.certificate_name import readable_name
from schemaregistry_server.security.token_buckets import TokenBuckets

ONE_SITE: Final = 64
"""Bits of an IPv6 address that tell one site from another (RFC 6177): of the rest a caller may have as many as it
likes."""


class RequestLimits:
    """The requests a second of one caller, and of all callers without a certificate together; 0: no limit.

    A caller is the name in its certificate, or else its address.
    """

    def __init__(self, caller: int, anonymous: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._callers = TokenBuckets(caller, clock) if caller else None
        self._anonymous = TokenBuckets(anonymous, clock) if anonymous else None

    def admit(self, peer: str, certificate: bytes) -> None:
        """Count a request from the address `peer`; raises OauthRefused (RATE_LIMITED) where there are too many."""
        if wait := self._wait(peer, readable_name(certificate)):
            raise OauthRefused(
                "temporarily_unavailable",
                "RATE_LIMITED",
                "There are more requests a second than one may have here: wait, then try again.",
                status=429,
                retry_after=math.ceil(wait),
            )

    def _wait(self, peer: str, name: str) -> float:
        caller = f"name {name}" if name else f"address {site(peer)}"
        if self._callers is not None and (wait := self._callers.take(caller)):
            return wait
        return self._anonymous.take("") if self._anonymous is not None and not name else 0.0


def site(peer: str) -> str:
    """What an address counts as: itself, of IPv6 its network."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ipaddress.IPv6Network((int(address), ONE_SITE), strict=False))
