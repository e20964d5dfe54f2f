"""How a channel to the registry behaves: retries, keepalive, sizes, proxies. Opens nothing itself."""

import json
import math
from dataclasses import dataclass
from typing import Final

from schemaregistry.client.proxy import is_local
from schemaregistry.errors import InvalidArgument

SERVICE: Final = "schemaregistry.v1.SchemaRegistry"

_SERVICE_CONFIG: Final = {
    # One server for each client, not the same one for all where the target has several (gRFC A62).
    "loadBalancingConfig": [{"pick_first": {"shuffleAddressList": True}}],
    "methodConfig": [
        {
            "name": [{"service": SERVICE}],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.1s",
                "maxBackoff": "1s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
            },
        }
    ],
}
"""Every call may be tried again: reads change nothing, and a write of content that is already there is answered as the
first one was. The call's deadline covers all its attempts (gRFC A6).

CANCELLED is what a server says that stops, or is asked too much, of a call that it had not begun. A caller's own
cancellation never leaves this side, and is not tried again."""

OPTIONS: Final[tuple[tuple[str, str | int], ...]] = (
    ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    # One address that swallows what it is sent must not hold up the next one for gRPC's 20 s.
    ("grpc.min_reconnect_backoff_ms", 10_000),
    # Also by a connection in which no call waits: the next one would.
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.max_receive_message_length", 16 << 20),
    ("grpc.max_send_message_length", 16 << 20),
    # What is sent again is kept until then: a whole document, which is larger than gRPC's 256 KiB.
    ("grpc.per_rpc_retry_buffer_size", 2 << 20),
    # A refused version's verdict travels in the trailers.
    ("grpc.max_metadata_size", 1 << 20),
    ("grpc.absolute_max_metadata_size", 1 << 20),
    # A client's failed connection must not make another one wait.
    ("grpc.use_local_subchannel_pool", 1),
)


LONGEST: Final = 1_000_000_000
"""Seconds that a time may have, some 30 years."""

_MOST_MILLISECONDS: Final = 2**31 - 1
"""gRPC's settings are C's int; at this value a keepalive never asks."""


def check_seconds(seconds: float, name: str) -> float:
    """The seconds themselves; raises InvalidArgument (reason BAD_TIMEOUT) where they are no time that can pass."""
    if not isinstance(seconds, int | float) or not seconds > 0 or seconds == math.inf:
        raise InvalidArgument(f"{name}={seconds!r}: give seconds, more than 0, as in 5.0", reason="BAD_TIMEOUT")
    if seconds > LONGEST:  # gRPC takes what is much longer for a time that has passed
        raise InvalidArgument(f"{name} is over {LONGEST:,} s: give fewer seconds, as in 5.0", reason="BAD_TIMEOUT")
    return seconds


@dataclass(frozen=True, slots=True)
class Keepalive:
    """After `idle` seconds without a byte the client asks the registry for a sign of life, and waits `wait` for it.

    So a peer that vanished without a word is noticed within both together, whether or not a call is under way. The
    registry takes such questions every 10 s and more; a client that asks more often is hung up on.
    """

    idle: float = 30.0
    wait: float = 10.0

    def __post_init__(self) -> None:
        """Raises InvalidArgument (reason BAD_TIMEOUT) where one of them is no time."""
        check_seconds(self.idle, "keepalive.idle")
        check_seconds(self.wait, "keepalive.wait")


KEEPALIVE: Final = Keepalive()


def options(target: str, keepalive: Keepalive) -> tuple[tuple[str, str | int], ...]:
    """OPTIONS, and what the target and the settings decide."""
    idle, wait = (min(round(each * 1000), _MOST_MILLISECONDS) for each in (keepalive.idle, keepalive.wait))
    return (
        *OPTIONS,
        ("grpc.keepalive_time_ms", idle),
        ("grpc.keepalive_timeout_ms", wait),
        # Since gRPC 1.60 it is this one that ends a connection; a minute unless it is set.
        ("grpc.http2.ping_timeout_ms", wait),
        ("grpc.enable_http_proxy", int(not is_local(target))),
    )
