"""Parse and check one schema document: strict JSON, draft-07, the arrow block, the canonical form."""

from schemaregistry.document.canonical import canonical, fingerprint
from schemaregistry.document.model import ArrowField, ArrowType, Document, Json, Level, Note
from schemaregistry.document.naming import check_id, parse_version
from schemaregistry.document.parse import parse
from schemaregistry.document.strict_json import loads

__all__ = [
    "ArrowField",
    "ArrowType",
    "Document",
    "Json",
    "Level",
    "Note",
    "canonical",
    "check_id",
    "fingerprint",
    "loads",
    "parse",
    "parse_version",
]
