"""The three ways in which a call to etcd fails: no answer, a refusal, a compacted revision.

`store/etcd_store.py` turns them into errors that tell an operator what to do.
"""

from typing import Final

import grpc

AWAY: Final = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        # grpc reports a broken connection by these two, and etcd a proposal that no leader took.
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.INTERNAL,
    }
)
"""Codes after which another endpoint may answer the same call."""


class EtcdAway(Exception):
    """No endpoint answered in time. A write may have taken place or not."""


class EtcdRefused(Exception):
    """etcd answered with an error, which every endpoint would answer to the same call."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(f"{code.name}: {message}")
        self.code = code
        self.message = message


class CompactedRevision(Exception):
    """The call asked for history before `revision`, which etcd has compacted."""

    def __init__(self, revision: int) -> None:
        super().__init__(f"etcd's history before revision {revision} is compacted.")
        self.revision = revision
