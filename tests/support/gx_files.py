"""Parquet files of records, and the two that judge them: the gate, and Great Expectations itself."""

import json
import os
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from schemaregistry import data
from schemaregistry.contract import compile_contract
from schemaregistry.contract.expectations import suite
from schemaregistry.data.arrow.types import arrow_schema
from schemaregistry.document import parse
from schemaregistry.v1.contract_pb2 import Contract

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"


@cache
def contract_of(schema_id: str) -> Contract:
    return compile_contract(parse((SCHEMAS / f"{schema_id}.json").read_bytes()))


def suite_of(schema_id: str) -> dict[str, Any]:
    """As a user has it: written as JSON and read again."""
    read: dict[str, Any] = json.loads(json.dumps(suite(contract_of(schema_id))))
    return read


class GreatExpectations:
    """The library, with a batch definition for whole frames."""

    def __init__(self) -> None:
        os.environ["GX_ANALYTICS_ENABLED"] = "false"
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

        self.gx = gx
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        asset = context.data_sources.add_pandas("frames").add_dataframe_asset("frame")
        self.definition = asset.add_batch_definition_whole_dataframe("whole")
        self.suites: dict[str, Any] = {}

    def read(self, schema_id: str) -> Any:
        """The suite of a contract, read once."""
        if schema_id not in self.suites:
            self.suites[schema_id] = self.gx.ExpectationSuite(**suite_of(schema_id))
        return self.suites[schema_id]

    def validate(self, schema_id: str, frame: pd.DataFrame) -> Any:
        return self.definition.get_batch({"dataframe": frame}).validate(self.read(schema_id))


@cache
def great_expectations() -> GreatExpectations:
    return GreatExpectations()


def verdicts(schema_id: str, path: Path) -> tuple[str, str]:
    """What the gate and what Great Expectations says of a Parquet file: `conforms` or `violates`."""
    report = data.check(data.find([str(path)]), contract_of(schema_id))
    result = great_expectations().validate(schema_id, pd.read_parquet(path))
    return report.verdict, "conforms" if result.success else "violates"


def write_records(schema_id: str, records: list[dict[str, Any]], path: Path) -> Path:
    """Records as a file would have them: in the contract's types where they fit, in those of the values elsewhere."""
    schema = arrow_schema(contract_of(schema_id))
    names = dict.fromkeys([*schema.names, *(name for record in records for name in record)])
    columns = {}
    for name in names:
        values = [record.get(name) for record in records]
        wanted = schema.field(name).type if name in schema.names else None
        columns[name] = _array(values, wanted)
    pq.write_table(pa.table(columns), path)
    return path


def _array(values: list[Any], wanted: pa.DataType | None) -> pa.Array:
    if wanted is not None and not pa.types.is_list(wanted):
        try:
            return _typed(values, wanted)
        except (pa.ArrowException, ValueError, TypeError, ArithmeticError):
            pass
    return pa.array(values)


def _typed(values: list[Any], wanted: pa.DataType) -> pa.Array:
    if isinstance(wanted, pa.DictionaryType):
        return _typed(values, wanted.value_type).dictionary_encode().cast(wanted)
    if pa.types.is_timestamp(wanted):
        instants = pa.array(values, pa.string()).cast(pa.timestamp(wanted.unit, "UTC"))
        return instants if wanted.tz else instants.cast(pa.int64()).cast(wanted)
    if pa.types.is_date(wanted):
        return pa.array(values, pa.string()).cast(wanted)
    if pa.types.is_decimal(wanted):
        return pa.array([None if value is None else Decimal(str(value)) for value in values], wanted)
    if any(isinstance(value, bool) != pa.types.is_boolean(wanted) for value in values if value is not None):
        raise TypeError
    return pa.array(values, wanted)
