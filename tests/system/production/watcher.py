"""A watcher that goes from server to server, on from the last revision that it had."""

import threading
from collections.abc import Sequence
from itertools import cycle

import grpc

from devtools.servers import Server, credentials
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry.v1.registry_pb2_grpc import SchemaRegistryStub

AGAIN = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.DEADLINE_EXCEEDED}


class Watcher:
    """`seen`: (revision, id) of each version in the order of arrival; `failed`: what ended it for good."""

    def __init__(self, servers: Sequence[Server], after_revision: int = 0) -> None:
        self.seen: list[tuple[int, str]] = []
        self.failed: grpc.RpcError | None = None
        self.connections = 0
        self.at = after_revision
        self._servers = servers
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        for server in cycle(self._servers):
            if self._done.is_set() or self.failed:
                return
            with grpc.secure_channel(server.target, credentials(server.tls, "reader")) as channel:
                self.connections += 1
                self._watch(channel)

    def _watch(self, channel: grpc.Channel) -> None:
        request = pb.WatchSchemasRequest(after_revision=self.at)
        self._call = SchemaRegistryStub(channel).WatchSchemas(request, timeout=60)
        try:
            for event in self._call:
                if not event.HasField("progress"):
                    change = event.change if event.HasField("change") else event.snapshot
                    self.seen.append((event.revision, change.id))
                self.at = event.revision
        except grpc.RpcError as error:
            if error.code() not in AGAIN:
                self.failed = error
            self._done.wait(0.05)

    def stop(self) -> None:
        self._done.set()
        self._call.cancel()
        self._thread.join(10)
