"""Log a warning, once in a process, for each deprecated or retracted version that it uses."""

import logging
from typing import Final

from schemaregistry.client.answers import Fetched
from schemaregistry.client.lru import LruCache
from schemaregistry.document.version_state import ACTIVE, state_notice

_REMEMBERED: Final = 10_000
"""Versions that were warned of; one that is forgotten is warned of again."""

log = logging.getLogger("schemaregistry.client")
_told: LruCache[tuple[str, str, str], bool] = LruCache(_REMEMBERED)


def told_once(fetched: Fetched) -> Fetched:
    """Return `fetched`; log its state unless it is active or was logged before."""
    if fetched.state.name != ACTIVE.name:
        key = (fetched.id, fetched.fingerprint, fetched.state.name)
        if _told.get(key) is None:
            _told.put(key, True)
            log.warning("%s", state_notice(fetched.id, fetched.version, fetched.state))
    return fetched
