"""Make JSON texts for columns that hold any JSON value."""

from typing import Final

import pyarrow as pa

from schemaregistry.data.arrow.types import Array
from schemaregistry.document import Json, canonical
from schemaregistry.sampling.rules import ValueRules
from schemaregistry.sampling.unsampleable import no_value

_ANY: Final[dict[str, Json]] = {
    "object": {"source": "sample"},
    "array": [],
    "string": "sample",
    "number": 1.5,
    "integer": 1,
    "boolean": True,
}
"""A value of each JSON type."""


def pool(rules: ValueRules, name: str) -> Array:
    """Return texts of values that meet the rules on a value's type or on the value as a whole.

    Raises Unimplemented (NO_SAMPLE) where there is none.
    """
    allowed = rules.argument("types")
    if rules.options is not None:
        values = [option for option in rules.options if option is not None]
    else:
        values = [value for kind, value in _ANY.items() if allowed is None or kind in allowed]
    if not values:
        raise no_value(rules, f"JSON value of {name}")
    return pa.array([canonical(value).decode() for value in values], pa.string())
