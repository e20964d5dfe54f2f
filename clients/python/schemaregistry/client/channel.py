"""The settings of a gRPC channel to the registry: retries, keepalive, sizes and proxies."""

import json
import math
from dataclasses import dataclass
from typing import Final

from schemaregistry.client.proxy import is_local
from schemaregistry.errors import InvalidArgument

SERVICE: Final = "schemaregistry.v1.SchemaRegistry"

_SERVICE_CONFIG: Final = {
    # Where the target has several servers, clients spread over them instead of all taking the first (gRFC A62).
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
"""Every call may be retried, since each is idempotent: registering the same content again gives the first answer again.
The call's deadline covers all attempts (gRFC A6).

A server that stops or is overloaded ends calls that it hasn't begun with CANCELLED. A call that the caller cancels is
cancelled on this side and not retried."""

OPTIONS: Final[tuple[tuple[str, str | int], ...]] = (
    ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    # An address that drops packets would hold up the next address for 20 s, gRPC's default.
    ("grpc.min_reconnect_backoff_ms", 10_000),
    # Ping on an idle connection too: otherwise the next call would find out that it is dead, and wait.
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.max_receive_message_length", 16 << 20),
    ("grpc.max_send_message_length", 16 << 20),
    # A request is buffered for a retry; a document may be larger than gRPC's default of 256 KiB.
    ("grpc.per_rpc_retry_buffer_size", 2 << 20),
    # The verdict on a refused version is in the trailers, which gRPC limits to 8 KiB by default.
    ("grpc.max_metadata_size", 1 << 20),
    ("grpc.absolute_max_metadata_size", 1 << 20),
    # Without it, clients of one process share connections, and the backoff of a failed one delays them all.
    ("grpc.use_local_subchannel_pool", 1),
)


LONGEST: Final = 1_000_000_000
"""Seconds of the longest timeout that is accepted, some 30 years."""

_MOST_MILLISECONDS: Final = 2**31 - 1
"""The largest setting: gRPC takes a C int, and reads this value as "never ping"."""


def check_seconds(seconds: float, name: str) -> float:
    """Return `seconds`. Raises InvalidArgument (reason BAD_TIMEOUT) unless they are more than 0 and at most LONGEST."""
    if not isinstance(seconds, int | float) or not seconds > 0 or seconds == math.inf:
        raise InvalidArgument(f"{name}={seconds!r}: give seconds, more than 0, as in 5.0", reason="BAD_TIMEOUT")
    if seconds > LONGEST:  # gRPC's deadline overflows for a much longer time, and has then passed at once
        raise InvalidArgument(f"{name} is over {LONGEST:,} s: give fewer seconds, as in 5.0", reason="BAD_TIMEOUT")
    return seconds


@dataclass(frozen=True, slots=True)
class Keepalive:
    """When the client pings the registry: after `idle` seconds without a byte, waiting `wait` seconds for the answer.

    A peer that has vanished is noticed within the sum of both, whether or not a call is running. The registry accepts a
    ping every 10 s at most, and closes the connection of a client that pings more often.
    """

    idle: float = 30.0
    wait: float = 10.0

    def __post_init__(self) -> None:
        """Raise InvalidArgument (reason BAD_TIMEOUT) where one of them is no usable time, as `check_seconds` does."""
        check_seconds(self.idle, "keepalive.idle")
        check_seconds(self.wait, "keepalive.wait")


KEEPALIVE: Final = Keepalive()


def options(target: str, keepalive: Keepalive) -> tuple[tuple[str, str | int], ...]:
    """Return OPTIONS with the keepalive, and with the proxy switched off for a target on this machine."""
    idle, wait = (min(round(each * 1000), _MOST_MILLISECONDS) for each in (keepalive.idle, keepalive.wait))
    return (
        *OPTIONS,
        ("grpc.keepalive_time_ms", idle),
        ("grpc.keepalive_timeout_ms", wait),
        # Since gRPC 1.60 this setting, not the keepalive's timeout, ends the connection; its default is a minute.
        ("grpc.http2.ping_timeout_ms", wait),
        ("grpc.enable_http_proxy", int(not is_local(target))),
    )
