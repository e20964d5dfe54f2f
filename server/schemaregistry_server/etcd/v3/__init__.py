"""The generated messages and stubs of etcd's v3 API (`make etcd-proto`). Never edited."""
