"""What exchangers share: which tokens were used, and the revision that etcd's tokens must have."""

import hashlib
from typing import Protocol


class ExchangeState(Protocol):
    """The state of one or more exchangers. Its methods raise Unavailable (STATE_UNAVAILABLE) where it can't be reached.

    `etcd_state.py` is for registries on etcd, `sqlite_state.py` for those on SQLite.
    """

    async def revision(self) -> int:
        """The revision of etcd's users and roles, 0 where there is no etcd."""
        ...

    async def use(self, token: str, until: float, by: str) -> bool:
        """Record that a token was used; False where it had been before.

        `token` is its key from `token_key`. The record may be dropped after `until` (seconds since 1970). `by` is new
        for each exchange, and tells its own record from another's where an answer was lost.
        """
        ...

    async def close(self) -> None: ...


def token_key(issuer: str, jti: str) -> str:
    """A short key for a token: `jti` is unique for its issuer (RFC 7519, section 4.1.7), and of any length and form."""
    return hashlib.sha256(f"{len(issuer)}:{issuer}{jti}".encode()).hexdigest()
