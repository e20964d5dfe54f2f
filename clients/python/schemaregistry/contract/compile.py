"""From a document to its contract: the columns, the places, and every rule as a check. Pure: equal documents give
equal bytes. How one keyword becomes a check is keywords'.
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
"""The format of the plans that are made and read here."""
CSV_PLAN_VERSION: Final = 2
"""That of plans which say how CSV is written: a reader that passed over it would misread."""


def compile_contract(document: Document) -> contract_pb2.Contract:
    """The check plan of a document; `SerializeToString(deterministic=True)` of it are its bytes.

    Raises InvalidArgument: TOO_MANY_CHECKS where references written out make more than 100,000 checks.
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
    """How CSV is written, as a contract has it."""
    said = {each.name: getattr(dialect, each.name) for each in fields(dialect)}
    return contract_pb2.Csv(**{name: value for name, value in said.items() if value is not None})
