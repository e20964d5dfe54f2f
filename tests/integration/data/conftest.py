"""The ticks contract, and a way to judge bytes as a file of a format."""

from tests.support.data_fixtures import ticks

__all__ = ["ticks"]
