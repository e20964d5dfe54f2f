"""Check ids, semantic versions and fingerprints of documents."""

import re
from typing import Final

from semver import Version

from schemaregistry.document.message_text import shown
from schemaregistry.errors import InvalidArgument

ID_PATTERN: Final = "[a-z][a-z0-9_]{0,127}"
MAX_VERSION_LENGTH: Final = 64

_NUMBER: Final = "(0|[1-9][0-9]*)"
_LABEL: Final = "(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
VERSION_PATTERN: Final = rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_LABEL}(\.{_LABEL})*)?"
"""Semantic Versioning 2.0.0, sections 2 and 9. Build metadata is refused, since it has no place in the order."""


def check_id(text: str) -> str:
    """Return `text` if it can be the id of a document. Raises InvalidArgument (BAD_ID) where it can't."""
    if not re.fullmatch(ID_PATTERN, text):
        raise InvalidArgument(
            f"{shown(text)} can't be an id. Start with a small letter; go on with small letters, digits and _ "
            "(at most 128 characters), as in ticks_v1.",
            reason="BAD_ID",
        )
    return text


def check_fingerprint(text: str) -> str:
    """Return `text` if it can be a fingerprint. Raises InvalidArgument (BAD_FINGERPRINT) where it can't."""
    if not re.fullmatch("sha256:[0-9a-f]{64}", text):
        raise InvalidArgument(
            f"{shown(text)} isn't a fingerprint. Write sha256: and all 64 hex digits, in small letters.",
            reason="BAD_FINGERPRINT",
        )
    return text


def parse_version(text: str) -> Version:
    """Return the version in `1.2.3`, `1.2.3-rc.1`, or either with a leading `v`.

    Raises InvalidArgument (BAD_VERSION).
    """
    bare = text.removeprefix("v")
    if len(bare) > MAX_VERSION_LENGTH:
        raise InvalidArgument(
            f"{shown(text)} has {len(bare):,} characters, more than the {MAX_VERSION_LENGTH} of a version: shorten "
            "its pre-release.",
            reason="BAD_VERSION",
        )
    if not re.fullmatch(VERSION_PATTERN, bare):
        advice = "Leave out the build metadata after +." if "+" in bare else "Write MAJOR.MINOR.PATCH, as in 1.0.0."
        raise InvalidArgument(f"{shown(text)} isn't a semantic version. {advice}", reason="BAD_VERSION")
    return Version.parse(bare)
