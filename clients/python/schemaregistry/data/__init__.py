"""Files judged by a contract, and handed on only if they conform. Needs pyarrow; fetches no contract itself."""

from schemaregistry.errors import MissingExtra

try:
    import numpy as _numpy  # noqa: F401
    import pyarrow as _pyarrow  # noqa: F401
except ModuleNotFoundError as missing:
    raise MissingExtra(
        f"Checking data needs {missing.name}: pip install 'schemaregistry[data]'", reason="MISSING_EXTRA"
    ) from None

from schemaregistry.data.check import check
from schemaregistry.data.destination import Destination, Directory, Stream
from schemaregistry.data.facts import Example, Fault, FileFacts, SchemaName, Violation
from schemaregistry.data.finding import find
from schemaregistry.data.load import Loaded, Policy, load
from schemaregistry.data.quarantine import Quarantine
from schemaregistry.data.redact import redacted
from schemaregistry.data.report import DoesNotConform, Report
from schemaregistry.data.sources import Source
from schemaregistry.data.tables import rows_of
from schemaregistry.data.types import arrow_schema

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
    "load",
    "redacted",
    "rows_of",
]
