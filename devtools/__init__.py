"""Tools for development and tests (test data, servers, an etcd cluster); the installed package leaves them out."""
