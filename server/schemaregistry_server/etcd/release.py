"""The releases of etcd that are refused because callers can get past their authorisation."""

import re
from typing import Final

from schemaregistry.errors import FailedPrecondition

Release = tuple[int, int, int]

LEAST: Final[Release] = (3, 6, 16)
LEAST_37: Final[Release] = (3, 7, 3)
"""The first releases of 3.6 and 3.7 in which nested transactions and list calls are authorised too."""


def check(version: str, endpoint: str) -> None:
    """Raise FailedPrecondition (ETCD_TOO_OLD) for a `version` older than 3.6.16, or from 3.7.0 to 3.7.2."""
    found = parse(version)
    if found < LEAST or (3, 7, 0) <= found < LEAST_37:
        raise FailedPrecondition(
            f"etcd {version or 'of an unknown version'} at {endpoint} lets callers past its authorisation: "
            f"run {_text(LEAST_37)} or newer there (or {_text(LEAST)} of 3.6).",
            reason="ETCD_TOO_OLD",
            metadata={"endpoint": endpoint, "version": version},
        )


def parse(version: str) -> Release:
    """Parse `3.7.3` into numbers; (0, 0, 0) for other text. A pre-release counts as older than its release."""
    found = re.match(r"(\d+)\.(\d+)\.(\d+)(-)?", version)
    if not found:
        return 0, 0, 0
    major, minor, patch = (int(part) for part in found.groups()[:3])
    return (major, minor, patch - 1) if found[4] else (major, minor, patch)


def _text(release: Release) -> str:
    return ".".join(map(str, release))
