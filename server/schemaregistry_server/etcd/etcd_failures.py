"""How a call to etcd can fail, as its caller must tell it apart. Holds no words for people to act on."""

from typing import Final

import grpc

AWAY: Final = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        # What grpc makes of a connection that breaks, and etcd of a proposal that no leader took.
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.INTERNAL,
    }
)
"""Codes after which another endpoint may answer the same call."""


class EtcdAway(Exception):
    """No endpoint answered in time. Whether a write took place is open."""


class EtcdRefused(Exception):
    """etcd answered, and the answer is no: the same call fails again on every endpoint."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(f"{code.name}: {message}")
        self.code = code
        self.message = message


class CompactedRevision(Exception):
    """What was asked for is older than `revision`, up to which etcd has forgotten its history."""

    def __init__(self, revision: int) -> None:
        super().__init__(f"etcd's history before revision {revision} is compacted.")
        self.revision = revision
