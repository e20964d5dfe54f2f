"""A small etcd client over grpc.aio, which `store/etcd_store.py` uses."""
