"""Compile a document to its contract: the columns, the places, and every rule as a check.

Equal documents give equal bytes, so that a contract compiled by a client equals the registry's. `keywords.py` turns
single keywords into checks.
"""

from dataclasses import fields
from typing import Final

from schemaregistry.contract.keywords import CheckCompiler
from schemaregistry.contract.places import ROW, Places
from schemaregistry.contract.type_messages import field_message
from schemaregistry.document import Document, canonical
from schemaregistry.document.model import CsvDialect
from schemaregistry.document.references import walk
from schemaregistry.v1 import contract_pb2

PLAN_VERSION: Final = 1
"""The `plan_version` of a contract without a CSV dialect."""
CSV_PLAN_VERSION: Final = 2
"""The `plan_version` of a contract with one; a reader of version 1 would ignore it and misread CSV files."""


def compile_contract(document: Document) -> contract_pb2.Contract:
    """Return the contract of a document; its bytes are those of `SerializeToString(deterministic=True)`.

    Raises InvalidArgument (TOO_MANY_CHECKS) where the document makes more than 100,000 checks with its references
    expanded.
    """
    schemas = walk(document.schema)
    places = Places(document, schemas)
    rules = CheckCompiler(schemas, places)
    checks = rules.compile((), ROW)
    own: dict[int, list[contract_pb2.Check]] = {}
    for check in checks:
        if not check.guards:
            own.setdefault(check.place, []).append(check)
    checks += [rules.fits(place, own.get(place, [])) for place in places.typed()]
    # The order of the report: column by column, at each place the type first.
    checks.sort(key=lambda check: (*places.order(check.place), not check.HasField("fits")))
    required = {check.place for check in checks if check.HasField("present") and not check.guards}
    return contract_pb2.Contract(
        id=document.id,
        version=str(document.version),
        fingerprint=document.fingerprint,
        plan_version=PLAN_VERSION if document.csv is None else CSV_PLAN_VERSION,
        columns=[
            contract_pb2.Column(field=field_message(field), required=index in required)
            for index, field in enumerate(document.arrow, 1)
        ],
        places=places.messages,
        conditions=rules.conditions,
        checks=checks,
        residuals=rules.residuals,
        schema_json=canonical(document.schema).decode(),
        arrow_derived=document.arrow_derived,
        csv=None if document.csv is None else csv_message(document.csv),
    )


def csv_message(dialect: CsvDialect) -> contract_pb2.Csv:
    """Return a CSV dialect as the contract's message; settings that aren't stated stay unset."""
    stated = {each.name: getattr(dialect, each.name) for each in fields(dialect)}
    return contract_pb2.Csv(**{name: value for name, value in stated.items() if value is not None})
