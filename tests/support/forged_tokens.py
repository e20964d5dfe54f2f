"""Tokens as attackers write them: any header and any payload, signed by any key, or by none."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

Signer = Callable[[bytes], bytes]
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def part(data: bytes) -> str:
    """A part of a token: base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(header: object, claims: object, signer: Signer) -> str:
    """A token of this header and these claims: bytes as they are, anything else as JSON."""
    parts = [part(value if isinstance(value, bytes) else json.dumps(value).encode()) for value in (header, claims)]
    text = ".".join(parts)
    return f"{text}.{part(signer(text.encode()))}"


def by(key: PrivateKey) -> Signer:
    """Sign by ES256 or RS256, whichever the key is for."""

    def sign(text: bytes) -> bytes:
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(text, padding.PKCS1v15(), hashes.SHA256())
        r, s = utils.decode_dss_signature(key.sign(text, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return sign


def by_hmac(secret: bytes) -> Signer:
    """Sign by HS256."""
    return lambda text: hmac.new(secret, text, hashlib.sha256).digest()


def unsigned(text: bytes) -> bytes:
    return b""


def public_pem(key: PrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def private_pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
