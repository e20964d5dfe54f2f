"""The schema registry's server: stores, the catalog in memory, the RPCs, and their gRPC and REST transports."""
