"""A small etcd client over grpc.aio. Knows nothing of schemas."""
