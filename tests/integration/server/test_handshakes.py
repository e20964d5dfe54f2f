"""Many clients that connect at once."""

import asyncio

import grpc
import pytest
from grpc import aio

from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry.v1.registry_pb2_grpc import SchemaRegistryStub


@pytest.mark.parametrize("bursts", [15])
async def test_a_server_lives_through_bursts_of_new_connections(start_server, bursts: int) -> None:
    server = await asyncio.to_thread(start_server)
    files = [(server.tls / f"{name}.pem").read_bytes() for name in ("ca", "reader-key", "reader")]
    credentials = grpc.ssl_channel_credentials(*files)

    async def connect() -> str:
        own = [("grpc.use_local_subchannel_pool", 1)]
        async with aio.secure_channel(server.target, credentials, options=own) as channel:
            answer = await SchemaRegistryStub(channel).WhoAmI(pb.WhoAmIRequest(), timeout=20, wait_for_ready=True)
            return answer.transport

    for _ in range(bursts):
        answers = await asyncio.gather(*(connect() for _ in range(60)), return_exceptions=True)
        assert server.process.poll() is None, "the server died"
        assert answers == ["mtls"] * 60
