"""python-jsonschema's draft-07 validator as the second referee, with one of its bugs fixed.

`witness.py` asks it about pairs of schemas.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from jsonschema import Draft7Validator, ValidationError
from jsonschema.validators import extend
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]

from schemaregistry.document.model import Json

_BY_POSITION: Final = Draft7Validator.VALIDATORS["additionalItems"]


def _additional_items(
    validator: Any, extra: Json, instance: Json, schema: dict[str, Json]
) -> Iterator[ValidationError]:
    """Apply `additionalItems` only beside a list of `items` (validation section 6.4.2).

    jsonschema's own function calls `len` on a boolean `items`, which raises TypeError.
    """
    if isinstance(schema.get("items"), list):
        yield from _BY_POSITION(validator, extra, instance, schema) or ()


_MENDED: Final = extend(Draft7Validator, {"additionalItems": _additional_items})  # type: ignore[no-untyped-call]

validator: Final = partial(_MENDED, registry=REGISTRY)
"""Return the validator of a schema; the registry has the meta-schemas only, so nothing is fetched."""
