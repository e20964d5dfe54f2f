"""The public keys of one issuer: fetched, kept for minutes, and fetched again for a new key at most once a minute."""

import asyncio
import logging
import math
import warnings
from collections.abc import Awaitable, Callable
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, KeySet, RSAKey

from schemaregistry.errors import Unavailable
from schemaregistry_server.exchanger import bounded_fetch
from schemaregistry_server.exchanger.config.providers import Provider
from schemaregistry_server.security.signed_json import refused

FRESH_SECONDS: Final = 300.0
"""How long keys are used before they are fetched again: so long does a key live that its issuer has withdrawn."""

STALE_SECONDS: Final = 3600.0
"""How long keys are used while their issuer can't be reached."""

PAUSE_SECONDS: Final = 60.0
"""Seconds between two fetches, whatever for: anybody can write a token with a `kid` that isn't known."""

RETRY_SECONDS: Final = 5.0
"""Seconds between two fetches where the last one failed and there are no keys at all."""

LEAST_RSA_BITS: Final = 2048
"""The least size of an RSA key (RFC 7518, section 3.3)."""

MAX_KEYS: Final = 64

PublicKey = RSAKey | ECKey

log = logging.getLogger(__name__)


class IssuerKeys:
    """The keys of `provider`, which `fetch` gets; `clock` tells seconds that only grow."""

    def __init__(self, provider: Provider, fetch: Callable[[], Awaitable[object]], clock: Callable[[], float]) -> None:
        self._provider, self._fetch, self._clock = provider, fetch, clock
        self._keys: dict[str, PublicKey] = {}
        self._fetched = self._tried = -math.inf
        self._failure: Unavailable | None = None
        self._lock = asyncio.Lock()

    async def find(self, kid: str) -> KeySet:
        """Return the key of this id, as a set of one.

        Raises Unauthenticated (TOKEN_KEY_UNKNOWN) where the issuer has none of this id, and Unavailable
        (ISSUER_UNREACHABLE) where it could not be asked.
        """
        if self._due(kid):
            async with self._lock:
                if self._due(kid):  # another caller may have fetched while this one waited
                    await self._renew()
        key = self._keys.get(kid)
        if key is None:
            raise self._failure or refused("TOKEN_KEY_UNKNOWN")
        return KeySet([key])

    def _due(self, kid: str) -> bool:
        """Whether to fetch now."""
        now = self._clock()
        pause = RETRY_SECONDS if self._failure and not self._keys else PAUSE_SECONDS
        old = kid not in self._keys or now - self._fetched >= FRESH_SECONDS
        return old and now - self._tried >= pause

    async def _renew(self) -> None:
        try:
            keys = usable_keys(await self._fetch())
        except Unavailable as failed:
            log.warning("the keys of %s can't be fetched: %s", self._provider.name, failed.message)
            self._failure = failed
            if self._clock() - self._fetched >= STALE_SECONDS:
                self._keys = {}
        else:
            self._keys, self._failure = keys, None
            self._fetched = self._clock()
        finally:
            # From its end: a fetch may take seconds, and those who wait for it must not begin another.
            self._tried = self._clock()


def usable_keys(found: object) -> dict[str, PublicKey]:
    """The keys for signatures in a key set (RFC 7517), by their `kid`; those of other types or uses are left out.

    Raises Unavailable (ISSUER_UNREACHABLE) where it is no key set, or has over MAX_KEYS.
    """
    listed = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(listed, list) or len(listed) > MAX_KEYS:
        raise Unavailable("What its issuer sent is no set of keys.", reason="ISSUER_UNREACHABLE")
    keys: dict[str, PublicKey] = {}
    for each in listed:
        key = _usable(each)
        if key and key.kid:
            keys.setdefault(key.kid, key)
    return keys


def _usable(data: object) -> PublicKey | None:
    """One key, or None: one that is new to us or malformed must not fail the others (RFC 7517, section 5)."""
    if not isinstance(data, dict) or data.get("use", "sig") != "sig" or not isinstance(data.get("kid"), str):
        return None
    try:
        if "verify" not in data.get("key_ops", ["verify"]):
            return None
        with warnings.catch_warnings():  # joserfc warns of small keys, which are left out below
            warnings.simplefilter("ignore", SecurityWarning)
            key: PublicKey = RSAKey.import_key(data) if data.get("kty") == "RSA" else ECKey.import_key(data)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    native = key.public_key
    return None if isinstance(native, rsa.RSAPublicKey) and native.key_size < LEAST_RSA_BITS else key


def fetcher(provider: Provider) -> Callable[[], Awaitable[object]]:
    """Make the function that fetches a provider's key set over HTTPS.

    Raises FailedPrecondition (TLS_FILES) where the provider's file of CAs can't be used.
    """
    tls = bounded_fetch.authorities(provider.ca)

    async def fetch() -> object:
        bearer = _bearer(provider)
        uri = provider.jwks_uri
        if not uri:
            place = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
            uri = _stated_uri(provider, await bounded_fetch.fetch_json(place, tls, bearer=bearer))
        return await bounded_fetch.fetch_json(uri, tls, bearer=bearer)

    return fetch


def _stated_uri(provider: Provider, found: object) -> str:
    """The address of the keys in a discovery document (OpenID Connect Discovery 1.0, section 4.3)."""
    if isinstance(found, dict) and found.get("issuer") == provider.issuer and isinstance(found.get("jwks_uri"), str):
        return str(found["jwks_uri"])
    raise Unavailable(f"What {provider.issuer} says of itself names another issuer.", reason="ISSUER_UNREACHABLE")


def _bearer(provider: Provider) -> str:
    try:
        # Read each time: Kubernetes replaces the file within the hour.
        return provider.token_file.read_text(encoding="ascii").strip() if provider.token_file else ""
    except (OSError, UnicodeDecodeError) as failed:
        raise Unavailable(f"{provider.token_file} can't be read: {failed}.", reason="ISSUER_UNREACHABLE") from failed
