"""One schema document: reading it strictly, its canonical form, its arrow block. Knows nothing of files or networks."""

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
