"""Make sample rows that conform to a contract, or that have one kind of fault: for trials, tests and benchmarks."""

from schemaregistry.sampling.faults import KINDS, possible
from schemaregistry.sampling.sampler import Sampled, Wanted, sample, tables

__all__ = ["KINDS", "Sampled", "Wanted", "possible", "sample", "tables"]
