"""Durable storage of versions and the audit chain: the `Store` interface (`base.py`), on SQLite and on etcd."""
