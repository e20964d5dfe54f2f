"""Check files and tables by a contract, and load the rows that conform. Needs pyarrow.

Contracts are fetched by `schemaregistry.client` or compiled by `schemaregistry.contract`.
"""

from schemaregistry.errors import MissingExtra

try:
    import numpy as _numpy  # noqa: F401
    import pyarrow as _pyarrow  # noqa: F401
except ModuleNotFoundError as missing:
    raise MissingExtra(
        f"Checking data needs {missing.name}: pip install 'schemaregistry[data]'", reason="MISSING_EXTRA"
    ) from None

from schemaregistry.data.arrow.types import arrow_schema
from schemaregistry.data.load.destinations import Destination, Directory, Stream
from schemaregistry.data.load.file_check import check
from schemaregistry.data.load.file_load import Loaded, Policy, load
from schemaregistry.data.load.quarantine import Quarantine
from schemaregistry.data.readers.discovery import find
from schemaregistry.data.readers.sources import Source
from schemaregistry.data.readers.tables import rows_of
from schemaregistry.data.report import formats
from schemaregistry.data.report.facts import Example, Fault, FileFacts, SchemaName, Violation
from schemaregistry.data.report.redaction import redacted
from schemaregistry.data.report.report import DoesNotConform, Report

__all__ = [
    "Destination",
    "Directory",
    "DoesNotConform",
    "Example",
    "Fault",
    "FileFacts",
    "Loaded",
    "MissingExtra",
    "Policy",
    "Quarantine",
    "Report",
    "SchemaName",
    "Source",
    "Stream",
    "Violation",
    "arrow_schema",
    "check",
    "find",
    "formats",
    "load",
    "redacted",
    "rows_of",
]
