"""The ticks contract, files of ticks, and the gate with a folder for each thing that it may write."""

from tests.support.gate_fixtures import make_ticks, ticks

__all__ = ["make_ticks", "ticks"]
