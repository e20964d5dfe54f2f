"""Compile documents to contracts: flat lists of checks (`contract.proto`), the same for every language."""

from schemaregistry.contract.compile import CSV_PLAN_VERSION, PLAN_VERSION, compile_contract

__all__ = ["CSV_PLAN_VERSION", "PLAN_VERSION", "compile_contract"]
