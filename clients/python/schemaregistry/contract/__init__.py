"""Documents compiled to flat check plans (`contract.proto`). Knows nothing of files, batches or networks."""

from schemaregistry.contract.compile import CSV_PLAN_VERSION, PLAN_VERSION, compile_contract

__all__ = ["CSV_PLAN_VERSION", "PLAN_VERSION", "compile_contract"]
