"""Read the files of the keys that sign and verify publishing tokens: P-256 keys in PEM."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from joserfc.jwk import ECKey, KeySet

from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.security.certificates import open_to_all


def signing_key(path: Path) -> ECKey:
    """Read the exchanger's private key.

    Raises FailedPrecondition (SIGNING_KEY), naming the file, where it can't be read, is open to every user of the
    machine, or isn't an unencrypted P-256 key.
    """
    data = _read(path)
    if open_to_all(path):
        raise _unfit(path, f"every user of this machine may read or change it; run: chmod o= {path}")
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError):
        raise _unfit(path, "it is no unencrypted private key in PEM") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _unfit(
            path,
            "it is no key on the curve P-256; make one: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256",
        )
    return ECKey.import_key(key, {"use": "sig", "alg": "ES256"})


def verifying_keys(path: Path) -> KeySet:
    """Read the exchanger's public keys: one or more P-256 keys in PEM, such as an old one beside its successor.

    Raises FailedPrecondition (SIGNING_KEY), naming the file, where it can't be read or has another kind of key.
    """
    end = b"-----END PUBLIC KEY-----"
    blocks = [block + end for block in _read(path).split(end)[:-1]]
    if not blocks:
        raise _unfit(path, "it has no public key in PEM; write it: openssl pkey -in SIGNING-KEY -pubout")
    return KeySet([_public(path, block) for block in blocks])


def public_part(key: ECKey) -> KeySet:
    """The key set (RFC 7517) that the exchanger publishes: the public half of its signing key."""
    return KeySet([ECKey.import_key(key.public_key, {"use": "sig", "alg": "ES256"})])


def _public(path: Path, block: bytes) -> ECKey:
    try:
        key = load_pem_public_key(block)
    except ValueError:
        raise _unfit(path, "it is no public key in PEM") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _unfit(path, "it has a key that is not on the curve P-256")
    return ECKey.import_key(key, {"use": "sig", "alg": "ES256"})


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as failed:
        raise _unfit(path, f"it can't be read ({failed.strerror})") from failed


def _unfit(path: Path, why: str) -> FailedPrecondition:
    return FailedPrecondition(
        f"{path} can't be used as the key of publishing tokens: {why}.",
        reason="SIGNING_KEY",
        metadata={"file": str(path)},
    )
