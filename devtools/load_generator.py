"""Generate load: clients that read and write without pause, with the library's channel options, and their failures."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count

import grpc

from devtools.servers import Server, credentials, register
from schemaregistry.client.channel import OPTIONS
from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry.v1.registry_pb2_grpc import SchemaRegistryStub


@dataclass
class Load:
    """The calls made so far: their number, the errors of the failed ones, and the revision of each written id.

    `delayed` are those that a busy registry refused with RESOURCE_EXHAUSTED: nothing was written, and their clients
    came again later, as the answer says.
    """

    calls: int = 0
    delayed: int = 0
    failed: list[grpc.RpcError] = field(default_factory=list)
    written: dict[str, int] = field(default_factory=dict)
    _running: bool = True
    _names: "count[int]" = field(default_factory=count)

    def read(self, stub: SchemaRegistryStub, name: str, revision: int) -> None:
        """Read `name` again and again until `stop`."""
        request = pb.GetSchemaRequest(id=name, min_revision=revision)
        while self._running:
            self._call(lambda: stub.GetSchema(request, timeout=20))

    def write(self, stub: SchemaRegistryStub, prefix: str, document: Callable[[str], bytes]) -> None:
        """Register new ids that begin with `prefix` until `stop`."""
        while self._running:
            name = f"{prefix}_{next(self._names)}"
            self._call(partial(self._write, stub, name, document(name)))

    def _write(self, stub: SchemaRegistryStub, name: str, data: bytes) -> None:
        self.written[name] = register(stub, name, data)

    def _call(self, call: Callable[[], object]) -> None:
        try:
            call()
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
                self.delayed += 1
                time.sleep(1)
            else:
                self.failed.append(error)
        self.calls += 1

    def more(self, calls: int, seconds: float = 20) -> None:
        """Wait until `calls` more calls have ended; raises AssertionError after `seconds`."""
        wanted, ends = self.calls + calls, time.monotonic() + seconds
        while self.calls < wanted:
            assert time.monotonic() < ends, f"{self.calls} calls of {wanted}"
            time.sleep(0.01)

    def stop(self) -> None:
        self._running = False


def connected(servers: list[Server], identity: str) -> grpc.Channel:
    """Open a channel to whichever of the servers answers, as the identity `identity`."""
    # One target with all addresses, each of which shows a certificate for `localhost`.
    target = "ipv4:" + ",".join(server.target.replace("localhost", "127.0.0.1") for server in servers)
    options = (*OPTIONS, ("grpc.default_authority", "localhost"))
    return grpc.secure_channel(target, credentials(servers[0].tls, identity), options)


@contextmanager
def loaded(
    servers: list[Server], prefix: str, document: Callable[[str], bytes], *, readers: int = 4, writers: int = 2
) -> Iterator[Load]:
    """Run `readers` and `writers` during the context, each on its own connection and thread.

    Written ids begin with `prefix`; `document` makes the bytes of an id.
    """
    load = Load()
    channels = [connected(servers, "reader") for _ in range(readers)] + [
        connected(servers, "ci-bot") for _ in range(writers)
    ]
    stubs = [SchemaRegistryStub(channel) for channel in channels]
    common = f"{prefix}_read"
    revision = register(stubs[-1], common, document(common))
    threads = [
        *(threading.Thread(target=load.read, args=(stub, common, revision)) for stub in stubs[:readers]),
        *(threading.Thread(target=load.write, args=(stub, prefix, document)) for stub in stubs[readers:]),
    ]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.stop()
        for thread in threads:
            thread.join(30)
        for channel in channels:
            channel.close()
