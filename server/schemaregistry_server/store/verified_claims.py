"""The claims of a publishing token that the audit record of a write has: they say which run of which workflow wrote."""

import json
from dataclasses import asdict, dataclass
from typing import Final

from schemaregistry_server.security.identity import PresentedToken


@dataclass(frozen=True, slots=True)
class VerifiedClaims:
    """Claims of the token that a writer showed; its signature was verified. Each is "" where the token lacks it.

    `jti` is the token's id, which the exchanger's audit log has, too. `certificate` is the name in the certificate that
    was shown beside the token: whose connection it was, in case the token was stolen. An `Origin` says similar things,
    but only as the writer states them.
    """

    jti: str = ""
    repository: str = ""
    commit: str = ""
    ref: str = ""
    workflow: str = ""
    run: str = ""
    certificate: str = ""

    @classmethod
    def of(cls, token: PresentedToken) -> "VerifiedClaims":
        """Take them from a token that was verified."""
        claims = token.claims
        parts = (claims.jti, claims.repository, claims.commit, claims.ref, claims.workflow, claims.run)
        return cls(*parts, certificate=token.certificate)

    @property
    def text(self) -> str:
        """The claims that there are as JSON, as stores keep them; "" for none."""
        known = {name: value for name, value in asdict(self).items() if value}
        return json.dumps(known, separators=(",", ":")) if known else ""

    @classmethod
    def read(cls, text: str) -> "VerifiedClaims":
        """Read `text` as the property gives it; raises ValueError or TypeError where it is none."""
        return cls(**json.loads(text)) if text else cls()


NO_TOKEN: Final = VerifiedClaims()
"""The claims of a write without a token: by a certificate, or in dev mode."""
