"""The ticks contract, files of ticks, and the gate with a folder for each thing that it may write."""

from tests.support.gate_fixtures import gate, make_ticks, ticks

__all__ = ["gate", "make_ticks", "ticks"]
