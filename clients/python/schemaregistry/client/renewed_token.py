"""A token provider that exchanges at the first call, and again before the token ends."""

import logging
import os
import time
from threading import Lock
from typing import Any, Final

from schemaregistry.client.token_exchange import GivenToken, TokenExchange
from schemaregistry.errors import RegistryError

RENEWED_AT: Final = 2 / 3
"""The part of a token's life after which a new one is asked for: then a failure leaves time to try again."""

RETRY_SECONDS: Final = 10.0
"""Seconds between attempts where a renewal fails."""

_LEEWAY_SECONDS: Final = 5.0
"""Seconds before its end from which a token isn't shown any more: the call has to arrive."""

log = logging.getLogger("schemaregistry.client")


class RenewedToken:
    """A function that returns the exchange's token; threads may share it, and it pickles as what it exchanges.

    While a renewal fails, the old token is returned until it ends, and the failure is logged.
    """

    def __init__(self, exchange: TokenExchange) -> None:
        self._exchange = exchange
        self._given: GivenToken | None = None
        self._renew_at = self._ends_at = 0.0
        self._lock = Lock()
        self._process = os.getpid()

    def __call__(self) -> str:
        """Return a token that is good now. Raises as `TokenExchange.ask` does, where none is left."""
        if self._process != os.getpid():  # forked: the thread that may have held the lock isn't here
            self._process, self._lock = os.getpid(), Lock()
        now = time.monotonic()
        if self._given is not None and now < self._renew_at:
            return self._given.text
        # Only who has no token waits while another thread asks for one.
        if self._lock.acquire(blocking=self._given is None or now >= self._ends_at):
            try:
                return self._renewed()
            finally:
                self._lock.release()
        assert self._given is not None
        return self._given.text

    def forget(self) -> None:
        """Ask for a new token at the next call: the registry takes this one no more."""
        self._renew_at = self._ends_at = 0.0

    def _renewed(self) -> str:
        now = time.monotonic()
        if self._given is not None and now < self._renew_at:
            return self._given.text
        try:
            given = self._exchange.ask()
        except RegistryError as error:
            if self._given is None or now >= self._ends_at:
                raise
            log.warning("going on with the token as it was: %s", error.message)
            self._renew_at = now + RETRY_SECONDS
            return self._given.text
        # The token first: who reads its new times has to find it.
        self._given = given
        # Counted from before the exchange, so that the time that it took doesn't make the token last longer.
        self._renew_at = now + given.seconds * RENEWED_AT
        self._ends_at = now + given.seconds - min(_LEEWAY_SECONDS, given.seconds / 10)
        return given.text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._exchange.exchanger!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._exchange,)
