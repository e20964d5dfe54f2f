"""A descriptor pool for gRPC reflection that also finds methods by name, which protobuf's own pool doesn't."""

from typing import Any

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FileDescriptor


class MethodsToo:
    """protobuf's default pool, in which a method's name finds its file too.

    `grpcurl describe schemaregistry.v1.SchemaRegistry.GetSchema` asks for that.
    """

    def __init__(self) -> None:
        self._pool = descriptor_pool.Default()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    def FindFileContainingSymbol(self, symbol: str) -> FileDescriptor:  # noqa: N802 (the pool's own name)
        """Find the file that defines `symbol`; raises KeyError where neither the symbol nor its service is known."""
        try:
            return self._pool.FindFileContainingSymbol(symbol)
        except KeyError:
            service, _, method = symbol.rpartition(".")
            found = self._pool.FindServiceByName(service)
            if method not in found.methods_by_name:
                raise
            return found.file
