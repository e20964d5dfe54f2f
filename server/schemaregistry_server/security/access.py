"""Turn a client certificate that TLS has verified into an identity with its rights."""

from dataclasses import dataclass
from pathlib import Path

from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.security.certificate_name import certificate_name
from schemaregistry_server.security.identity import Identity
from schemaregistry_server.security.reloading import Reloaded


@dataclass(frozen=True, slots=True)
class Access:
    """The names of publishers, and the revoked names: SPIFFE ids, or certificates' common names."""

    publishers: frozenset[str]
    revoked: Reloaded[frozenset[str]] | None = None

    def identity(self, certificate: bytes) -> Identity:
        """The identity in a verified certificate (PEM or DER); raises Unauthenticated as `certificate_name` does."""
        name = certificate_name(certificate)
        revoked = self.revoked is not None and name in self.revoked.value
        return Identity(name, name in self.publishers, "mtls", revoked=revoked)


def revocations(path: Path) -> Reloaded[frozenset[str]]:
    """The names in a file, one a line, read again when it changes; `#` begins a comment.

    Raises FailedPrecondition (REVOKED_UNREADABLE) where the file can't be read at start; later the last names stay.
    """

    def names() -> frozenset[str]:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as failed:
            raise FailedPrecondition(
                f"{path}: the revoked names can't be read ({failed}).", reason="REVOKED_UNREADABLE"
            ) from failed
        return frozenset(name for line in lines if (name := line.partition("#")[0].strip()))

    return Reloaded([path], names)
