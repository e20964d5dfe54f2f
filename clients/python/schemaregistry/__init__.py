"""A registry that turns column names into audited, versioned contracts for market data."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from schemaregistry.checking import arrow_schema, assert_conforms, check

__all__ = ["arrow_schema", "assert_conforms", "check"]

_HOMES: Final = dict.fromkeys(__all__, "schemaregistry.checking")
"""Imported when they are asked for (PEP 562): they need pyarrow, and most of this package doesn't."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
