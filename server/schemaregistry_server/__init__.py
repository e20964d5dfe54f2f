"""The registry's server: store, catalog, gRPC service and REST transport."""
