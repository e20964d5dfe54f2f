"""ETags of answers that a stale server gives."""

from google.api.httpbody_pb2 import HttpBody

from schemaregistry.v1 import registry_pb2 as pb
from schemaregistry_server.catalog.current import CurrentCatalog
from schemaregistry_server.rpc.read_counts import ReadCounts
from schemaregistry_server.rpc.service import Registry
from schemaregistry_server.security.identity import Identity
from schemaregistry_server.security.rights import Rights
from schemaregistry_server.store.base import Entry

READER = Identity("spiffe://dev/reader", Rights(), "mtls")


async def test_a_stale_mark_does_not_outlive_the_outage_in_a_cache(document) -> None:
    current = CurrentCatalog()
    current.advance(1, [Entry("ticks_v1", "1.0.0", document("ticks_v1"), "sha256:", "ci", 1, 1)])
    registry = Registry(None, current, judge=None, questions=None, progress_seconds=1, reads=ReadCounts())  # type: ignore[arg-type]

    async def ask(etag: str) -> tuple[bool, str, bool]:
        """Ask with an ETag; return whether the document came, its ETag, and whether it is marked."""
        reply = await registry.GetSchema(pb.GetSchemaRequest(id="ticks_v1", if_none_match=etag), READER)
        assert isinstance(reply.message, HttpBody)
        headers = dict(reply.headers)
        return bool(reply.message.data), headers["etag"], "x-schema-stale" in headers

    sent, fresh, marked = await ask("")
    assert (sent, marked) == (True, False)
    current.mark_stale("cut off")
    sent, stale, marked = await ask(fresh)
    assert (sent, marked) == (True, True)
    assert await ask(stale) == (False, stale, True)
    current.advance(2, [])
    assert not current.stale
    assert await ask(stale) == (True, fresh, False)
