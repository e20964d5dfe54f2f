"""jsonschema-rs' canonical form as a prover of containment: a quick yes, or nothing."""

import jsonschema_rs

from schemaregistry.document.model import Json


def proves(old: Json, new: Json) -> bool:
    """Tell whether `new` provably admits all that `old` admits; False says nothing, nor does anything it throws.

    The superset is the one that covers. The answer is compared by name: every member of the enum is true as a bool.
    """
    try:
        return str(_canonical(new).covers(_canonical(old))) == "yes"
    except (KeyboardInterrupt, SystemExit, TimeoutError):
        raise
    except BaseException:  # noqa: BLE001 (a panic in Rust among them, which pyo3 gives as a BaseException)
        return False


def _canonical(schema: Json) -> jsonschema_rs.CanonicalSchema:
    return jsonschema_rs.canonicalize(
        schema,
        draft=jsonschema_rs.Draft7,
        validate_formats=False,
        offline=True,
        pattern_options=jsonschema_rs.RegexOptions(),
    )
