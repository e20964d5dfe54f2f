"""Documents to write, and a registry without a transport."""

from tests.support.server_fixtures import document

__all__ = ["document"]
