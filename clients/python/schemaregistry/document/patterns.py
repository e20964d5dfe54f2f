"""Regular expressions: each must run in time linear in the text. Which values they allow is not looked at."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

import jsonschema_rs

from schemaregistry.document.model import Json
from schemaregistry.document.reading import pointer
from schemaregistry.document.subschemas import Path
from schemaregistry.document.wording import cut
from schemaregistry.errors import InvalidArgument

MAX_PATTERNS: Final = 256
MAX_PATTERN_LENGTH: Final = 4096
PATTERN_OPTIONS: Final = jsonschema_rs.RegexOptions(size_limit=512 * 1024)
"""An engine of automata: no backtracking; the size is of one compiled pattern, in bytes."""

_ADVICE: Final = (
    (r"\(\?<?[=!]", "Look-around isn't linear. Say it with a further `pattern` in `allOf`, or with `not`."),
    (r"\\[1-9]|\\k<", "Back-references aren't linear. Write the repeated part out, or list the values in `enum`."),
    (r"\(\?[a-z-]+[:)]", "Flags aren't ECMA-262. Write both cases, as in [Aa]."),
)
_TOO_LARGE: Final = "It is too large once its repetitions are written out. Use `maxLength` for lengths."
_NOT_ECMA: Final = "It isn't an ECMA-262 regular expression."


def check_patterns(places: Iterable[tuple[Path, Json]]) -> None:
    """Refuse patterns that the engine can't bound or read; raises InvalidArgument (BAD_PATTERN, TOO_MANY_PATTERNS)."""
    patterns: dict[str, Path] = {}
    for path, pattern in _patterns(places):
        patterns.setdefault(pattern, path)
    if len(patterns) > MAX_PATTERNS:
        raise InvalidArgument(
            f"The document has {len(patterns):,} different patterns, more than the {MAX_PATTERNS:,} that are compiled.",
            reason="TOO_MANY_PATTERNS",
        )
    for pattern, path in patterns.items():
        advice = _advice(pattern)
        if advice:
            raise InvalidArgument(
                f"The pattern {cut(pattern)} can't be compiled to run in linear time. {advice}",
                reason="BAD_PATTERN",
                pointer=pointer(path),
            )


def _patterns(places: Iterable[tuple[Path, Json]]) -> Iterator[tuple[Path, str]]:
    for path, schema in places:
        if isinstance(schema, dict) and "$ref" not in schema:
            if "pattern" in schema:
                yield (*path, "pattern"), schema["pattern"]
            yield from (((*path, "patternProperties", key), key) for key in schema.get("patternProperties", ()))


def _advice(pattern: str) -> str:
    """What to do about a pattern that doesn't compile; empty for one that does."""
    if len(pattern) > MAX_PATTERN_LENGTH:
        return f"It has {len(pattern):,} characters, more than the {MAX_PATTERN_LENGTH:,} that are compiled."
    try:
        jsonschema_rs.Draft7Validator({"pattern": pattern}, pattern_options=PATTERN_OPTIONS, offline=True)
    except jsonschema_rs.ValidationError as error:
        # The meta-schema's `format: regex` fails for what isn't ECMA-262; the engine itself fails at `pattern`.
        default = _NOT_ECMA if error.schema_path[-1] == "format" else _TOO_LARGE
        return next((advice for sign, advice in _ADVICE if re.search(sign, pattern)), default)
    return ""
