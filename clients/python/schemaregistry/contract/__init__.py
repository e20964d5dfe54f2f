"""Documents compiled to flat check plans (`contract.proto`). Knows nothing of files, batches or networks."""

from schemaregistry.contract.compile import PLAN_VERSION, compile_contract

__all__ = ["PLAN_VERSION", "compile_contract"]
