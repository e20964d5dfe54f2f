"""Store fetched versions in a directory, so that a process can start while the registry is away.

Each answer is one file: a line of JSON metadata, then the document's bytes. `read_cache.py` decides when an answer from
here may be used.
"""

import json
import logging
import os
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import quote

from schemaregistry.client.answers import Fetched
from schemaregistry.document import fingerprint, loads
from schemaregistry.document.version_state import ACTIVE, VersionState
from schemaregistry.errors import InvalidArgument, RegistryError

_FACTS: Final = ("id", "version", "revision", "fingerprint", "etag")

log = logging.getLogger("schemaregistry.client")


class DiskCache:
    """The stored answers of one registry in `folder`, by the id and version asked for; processes may share it."""

    def __init__(self, folder: Path, target: str) -> None:
        """Create the directory. Raises InvalidArgument (reason CACHE_UNWRITABLE) where it can't be written."""
        self._folder = folder / quote(target, safe="")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            # A directory that existed before may be read-only.
            tempfile.TemporaryFile(dir=self._folder).close()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            message = f"can't write the cache {self._folder} ({why}): name a directory that can be written"
            raise InvalidArgument(message, reason="CACHE_UNWRITABLE", metadata={"file": str(self._folder)}) from None

    def read(self, id: str, version: str) -> tuple[Fetched, float] | None:
        """Return an answer and the time (seconds since the epoch) at which the registry last confirmed it.

        None where there is no answer, or the file is damaged: the document must have the fingerprint in the metadata.
        """
        try:
            head, _, raw = self._path(id, version).read_bytes().partition(b"\n")
            facts = json.loads(head)
            confirmed_at = float(facts.pop("confirmed_at"))
            state = VersionState.read(facts.pop("state", ACTIVE.text))  # answers from before there were states
            fetched = Fetched(raw=raw, state=state, **facts)
            sound = fetched.id == id and fingerprint(loads(raw)) == fetched.fingerprint
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RegistryError):
            return None
        return (fetched, confirmed_at) if sound else None

    def write(self, id: str, version: str, fetched: Fetched, confirmed_at: float) -> None:
        """Write an answer, whole or not at all; a failure is only logged, since the caller has its answer."""
        facts = {name: getattr(fetched, name) for name in _FACTS}
        facts |= {"confirmed_at": confirmed_at, "state": fetched.state.text}
        try:
            _replace(self._path(id, version), json.dumps(facts).encode() + b"\n" + fetched.raw)
        except OSError as error:
            log.warning("can't write %s to the cache %s: %s", id, self._folder, error.strerror)

    def _path(self, id: str, version: str) -> Path:
        return self._folder / quote(f"{id}@{version}.cached", safe="@")


def _replace(path: Path, content: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
