"""A cluster of etcd for the servers that are looked at, and an exchanger beside them."""

from tests.support.exchanger_fixtures import exchanger_tls, issuer, issuer_process, start_exchanger

__all__ = ["exchanger_tls", "issuer", "issuer_process", "start_exchanger"]
