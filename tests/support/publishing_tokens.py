"""Publishing tokens as an exchanger gives them, for tests of who takes them."""

import secrets
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

from schemaregistry_server.security.publishing_token import TokenClaims, sign
from tests.support.forged_tokens import public_pem

ISSUER = "exchanger.test"


@dataclass(frozen=True)
class TokenMaker:
    """Signs tokens by a key of its own, for etcd's user `publisher`."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def public(self, path: Path) -> Path:
        """Write the public key to `path`."""
        path.write_bytes(public_pem(self.key))
        return path

    def token(self, *publish: str, **changed: object) -> str:
        """A token that may publish the ids of `publish`, good for five minutes."""
        now = int(time.time())
        claims = TokenClaims(
            username="publisher",
            revision=0,
            iss=ISSUER,
            aud="schemaregistry",
            sub="github:repo:acme/schemas:ref:refs/heads/main",
            jti=secrets.token_hex(8),
            iat=now,
            nbf=now,
            exp=now + 300,
            publish=publish,
        )
        return sign(replace(claims, **changed), ECKey.import_key(self.key))  # type: ignore[arg-type]
