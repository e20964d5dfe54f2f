"""jsonschema-rs' canonical form as a prover of containment: a quick yes, or nothing."""

import jsonschema_rs

from schemaregistry.document.model import Json


def proves(old: Json, new: Json) -> bool:
    """Tell whether `new` provably admits all that `old` admits; False says nothing.

    The superset is the one that covers. The answer is compared by name: every member of the enum is true as a bool.
    """
    try:
        return str(_canonical(new).covers(_canonical(old))) == "yes"
    except (jsonschema_rs.canonical.CanonicalizationError, jsonschema_rs.ValidationError, ValueError):
        return False


def _canonical(schema: Json) -> jsonschema_rs.CanonicalSchema:
    return jsonschema_rs.canonicalize(
        schema,
        draft=jsonschema_rs.Draft7,
        validate_formats=False,
        offline=True,
        pattern_options=jsonschema_rs.RegexOptions(),
    )
