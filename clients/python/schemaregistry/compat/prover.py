"""Prove by jsonschema-rs' canonical form that one schema admits all that another does: a quick yes, or no answer."""

import jsonschema_rs

from schemaregistry.document.model import Json


def proves(old: Json, new: Json) -> bool:
    """Tell whether `new` provably admits all that `old` admits; False means that it is not known.

    An exception in jsonschema-rs counts as False too.
    """
    try:
        # `covers` is asked of the superset. Its answer is compared by name: each member of the enum is truthy.
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
