"""Log refused calls, one JSON line each: who, what, and why. Successful writes are in the store's audit chain."""

import json
import logging

from schemaregistry.errors import RegistryError
from schemaregistry_server.security.identity import Identity

log = logging.getLogger("schemaregistry.refusals")


def record(rpc: str, caller: Identity, error: RegistryError, id: str = "") -> None:  # noqa: A002 (the field's term)
    """Log that `caller` was refused `rpc` with `error`; `id` is the schema's id, cut to 128 characters."""
    line = {
        "event": "refused",
        "rpc": rpc,
        "who": caller.name,
        "transport": caller.transport,
        "id": id[:128],
        "code": error.code,
        "reason": error.reason,
    }
    log.warning(json.dumps(line))
