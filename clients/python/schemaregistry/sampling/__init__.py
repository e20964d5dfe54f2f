"""Sample rows that conform to a contract, or break one kind of rule: for trying things out, tests and benchmarks."""

from schemaregistry.sampling.faults import KINDS, possible
from schemaregistry.sampling.sampler import Sampled, Wanted, sample, tables

__all__ = ["KINDS", "Sampled", "Wanted", "possible", "sample", "tables"]
