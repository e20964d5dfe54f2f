"""python-jsonschema's draft-07 validator, with a fault of its own mended. Judges no pair of schemas."""

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
    """It says something beside a list of `items` alone (validation 6.4.2); the original takes a boolean's length."""
    if isinstance(schema.get("items"), list):
        yield from _BY_POSITION(validator, extra, instance, schema) or ()


_MENDED: Final = extend(Draft7Validator, {"additionalItems": _additional_items})  # type: ignore[no-untyped-call]

validator: Final = partial(_MENDED, registry=REGISTRY)
"""Make the validator of a schema; nothing is fetched."""
