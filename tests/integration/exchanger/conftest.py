"""Exchangers, and an issuer of CI's tokens."""

from tests.support.exchanger_fixtures import (
    exchanger,
    exchanger_tls,
    issuer,
    issuer_process,
    shared_exchanger,
    start_exchanger,
)

__all__ = ["exchanger", "exchanger_tls", "issuer", "issuer_process", "shared_exchanger", "start_exchanger"]
