"""A small etcd client over grpc.aio, and a cluster on loopback for development. Knows nothing of schemas."""
