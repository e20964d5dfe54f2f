"""Check that each regular expression of a document is ECMA-262, and runs in time linear in the text."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

import jsonschema_rs

from schemaregistry.document.message_text import cut
from schemaregistry.document.model import Json
from schemaregistry.document.strict_json import pointer
from schemaregistry.document.subschemas import SchemaPath
from schemaregistry.errors import InvalidArgument

MAX_PATTERNS: Final = 256
MAX_PATTERN_LENGTH: Final = 4096
SIZES: Final = tuple(1 << power for power in range(13, 20))
"""Limits for the bytes of one compiled pattern, tried in this order: 8 KiB to 512 KiB.

The time to compile a pattern grows with its size.
"""
BUDGET: Final = 4 << 20
"""Bytes of all compiled patterns of a document, each rounded up to one of SIZES: some 0.1 s of compiling."""


ROOM: Final = 16 << 20
"""Limit for the bytes of a compiled pattern that is only compiled to learn why another was refused; takes 0.1 s."""


def _engine(size: int) -> jsonschema_rs.RegexOptions:
    """Return the options of the engine that matches by automata, in linear time; `size` limits a compiled pattern."""
    return jsonschema_rs.RegexOptions(size_limit=size)


PATTERN_OPTIONS: Final = _engine(SIZES[-1])

_ADVICE: Final = (
    (r"\(\?<?[=!]", "Look-around isn't linear. Say it with a further `pattern` in `allOf`, or with `not`."),
    (r"\\[1-9]|\\k<", "Back-references aren't linear. Write the repeated part out, or list the values in `enum`."),
    (r"\(\?[a-z-]+[:)]", "Flags aren't ECMA-262. Write both cases, as in [Aa]."),
)
_TOKEN: Final = re.compile(r"\\u\{[^}]*\}|\\u[0-9A-Fa-f]{4}|\\.|\[\^?\]|\[(?:\\.|[^\]\\])*\]|.", re.DOTALL)
"""An escape, a class or a character of a pattern; a class is a token with all that is in it."""
_UNKNOWN: Final = (
    (
        r"\[\^?\]",
        "The engine has no empty class. Write [\\s\\S] for [^], any character; what [] allows, nothing, is `not: {}`.",
    ),
    (
        r"(?:\[.*)?\\u(?:[dD][89a-fA-F]|\{0*[dD][89a-fA-F][0-9a-fA-F]{2}\}).*",
        "Half of a surrogate pair is no character. Write the character itself, or its number, as in \\u{1F600}.",
    ),
    (r"(?:\[(?:\\.|[^\\])*)?\\0.*", "The engine knows NUL as \\x00: write it so."),
    (r"\[(?:\\.|[^\\])*\\b.*", "The engine knows a backspace as \\x08: write it so."),
)
"""Parts of ECMA-262 that the engine doesn't know, as tokens, with what to write instead."""
_REPETITION: Final = re.compile(r"(?<!\\u)\{[0-9]+(?:,[0-9]*)?\}")
_NO_PART: Final = "The engine doesn't know a part of it, though it is ECMA-262. Write that part in another way."
_TOO_LARGE: Final = "It is too large once its repetitions are written out. Use `maxLength` for lengths."
_NOT_ECMA: Final = "It isn't an ECMA-262 regular expression."


def check_patterns(places: Iterable[tuple[SchemaPath, Json]]) -> None:
    """Check that the engine can compile each pattern, and all of them in acceptable time.

    Raises InvalidArgument (BAD_PATTERN, TOO_MANY_PATTERNS, PATTERNS_TOO_LARGE).
    """
    patterns: dict[str, SchemaPath] = {}
    for path, pattern in _patterns(places):
        patterns.setdefault(pattern, path)
    if len(patterns) > MAX_PATTERNS:
        raise InvalidArgument(
            f"The document has {len(patterns):,} different patterns, more than the {MAX_PATTERNS:,} that are compiled.",
            reason="TOO_MANY_PATTERNS",
        )
    left = BUDGET
    for pattern, path in patterns.items():
        left -= _size(pattern, path)
        if left < 0:
            raise InvalidArgument(
                f"The document's patterns take more than {BUDGET >> 20} MiB once their repetitions are written out; "
                f"{cut(pattern)} goes over it. Use `maxLength` for lengths, and the same pattern where it means the "
                "same.",
                reason="PATTERNS_TOO_LARGE",
                pointer=pointer(path),
            )


def _patterns(places: Iterable[tuple[SchemaPath, Json]]) -> Iterator[tuple[SchemaPath, str]]:
    for path, schema in places:
        if isinstance(schema, dict) and "$ref" not in schema:  # beside a `$ref` it would be ignored
            if "pattern" in schema:
                yield (*path, "pattern"), schema["pattern"]
            yield from (((*path, "patternProperties", key), key) for key in schema.get("patternProperties", ()))


def _size(pattern: str, path: SchemaPath) -> int:
    """Return the first of SIZES that the compiled pattern fits into. Raises InvalidArgument (BAD_PATTERN).

    Sizes double, so that a small pattern is cheap and all attempts for a large one take at most twice its own time.
    """
    if len(pattern) > MAX_PATTERN_LENGTH:
        advice = f"It has {len(pattern):,} characters, more than the {MAX_PATTERN_LENGTH:,} that are compiled."
        raise _bad_pattern(pattern, path, advice)
    for size in SIZES:
        try:
            _compile(pattern, size)
        except jsonschema_rs.ValidationError as error:
            if _is_no_regex(error):
                raise _bad_pattern(pattern, path, _hint(pattern) or _NOT_ECMA) from None
        else:
            return size
    raise _bad_pattern(pattern, path, _hint(pattern) or _limit(pattern))


def what_is_wrong(pattern: str, error: jsonschema_rs.ValidationError) -> str:
    """Return the sentences on a pattern that jsonschema-rs didn't compile, with what to do instead."""
    hint = _hint(pattern)
    if not hint and _is_no_regex(error):
        return f"The pattern {cut(pattern)} isn't an ECMA-262 regular expression."
    return _sentences(pattern, hint or _limit(pattern))


def _is_no_regex(error: jsonschema_rs.ValidationError) -> bool:
    """Tell whether the pattern isn't ECMA-262.

    The error is then of the meta-schema's `format: regex`; one of the engine is at `pattern`.
    """
    return error.schema_path[-1] == "format"


def _hint(pattern: str) -> str:
    """Return what to do instead, by the syntax found in the pattern; "" where none of it is known."""
    by_text = (advice for sign, advice in _ADVICE if re.search(sign, pattern))
    tokens = _TOKEN.findall(pattern)
    by_token = (advice for sign, advice in _UNKNOWN for token in tokens if re.fullmatch(sign, token, re.DOTALL))
    return next(chain(by_text, by_token), "")


def _limit(pattern: str) -> str:
    """Return why the engine refuses an ECMA-262 pattern in which `_hint` finds nothing.

    The engine's error doesn't say, so the pattern is compiled without its repetitions and with room.
    """
    try:
        _compile(_REPETITION.sub("", pattern), ROOM)
    except jsonschema_rs.ValidationError:
        return _NO_PART
    return _TOO_LARGE


def _compile(pattern: str, size: int) -> None:
    jsonschema_rs.Draft7Validator({"pattern": pattern}, pattern_options=_engine(size), offline=True)


def _bad_pattern(pattern: str, path: SchemaPath, advice: str) -> InvalidArgument:
    return InvalidArgument(_sentences(pattern, advice), reason="BAD_PATTERN", pointer=pointer(path))


def _sentences(pattern: str, advice: str) -> str:
    return f"The pattern {cut(pattern)} can't be compiled to run in linear time. {advice}"
