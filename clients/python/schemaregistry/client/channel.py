"""How a channel to the registry behaves: retries, keepalive, sizes. Opens nothing itself."""

import json
from typing import Final

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
    # A peer that vanished without a word is noticed within 40 s, also by a watch that hears nothing meanwhile.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
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
