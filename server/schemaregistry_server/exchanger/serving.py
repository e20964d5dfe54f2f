"""Start the exchanger, serve until SIGTERM or Ctrl-C, and stop it."""

import asyncio
import logging
import signal
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from joserfc.jwk import ECKey, KeySet
from starlette.routing import Route

from schemaregistry_server.etcd.endpoints import EtcdConnection
from schemaregistry_server.etcd.etcd_failures import EtcdAway, EtcdRefused
from schemaregistry_server.exchanger import issuer_keys
from schemaregistry_server.exchanger.config.configuration import ExchangerConfig, ExchangerTls
from schemaregistry_server.exchanger.etcd_state import EtcdState
from schemaregistry_server.exchanger.exchange import Exchanger
from schemaregistry_server.exchanger.exchange_log import ExchangeLog
from schemaregistry_server.exchanger.exchange_state import ExchangeState
from schemaregistry_server.exchanger.exchanger_metrics import ExchangerMetrics
from schemaregistry_server.exchanger.head_endpoint import HeadEndpoint
from schemaregistry_server.exchanger.issuer_keys import IssuerKeys
from schemaregistry_server.exchanger.refusal_lines import RefusalLines
from schemaregistry_server.exchanger.request_limits import RequestLimits
from schemaregistry_server.exchanger.sqlite_state import SqliteState
from schemaregistry_server.exchanger.token_endpoint import TokenEndpoint, app
from schemaregistry_server.security import access, token_keys
from schemaregistry_server.security.certificates import TlsFiles
from schemaregistry_server.security.reloading import Reloaded
from schemaregistry_server.transport import addresses
from schemaregistry_server.transport.listener import HttpListener

GRACE_SECONDS: Final = 10.0
"""Seconds for requests in flight when the exchanger stops."""

MOST_SCRAPES: Final = 64
"""Connections of the port for metrics."""

START_SECONDS: Final = 5.0
"""Seconds in which a member of etcd must answer at start."""

log = logging.getLogger(__name__)


@asynccontextmanager
async def serving(
    config: ExchangerConfig,
    clock: Callable[[], float] = time.time,
    steady: Callable[[], float] = time.monotonic,
) -> AsyncIterator[str]:
    """Serve during the context, whose value is the address, such as `https://127.0.0.1:8443`.

    `clock` tells seconds since 1970, `steady` seconds that only grow. Raises RegistryError where it can't start.
    """
    async with AsyncExitStack() as stack:
        key = token_keys.signing_key(config.signing_key)
        published = _published(config, key)
        records = ExchangeLog(config.log, clock)
        stack.push_async_callback(records.close)
        tls = _reloaded_tls(config.tls) if config.tls else None
        revoked = access.revocations(config.revoked) if config.revoked else None
        _record_rights(records, config, published, revoked)
        keys = {each.issuer: IssuerKeys(each, issuer_keys.fetcher(each), steady) for each in config.providers}
        state = await _state(config, clock)
        stack.push_async_callback(state.close)
        limits = RequestLimits(config.caller_rate, config.anonymous_rate, steady)
        exchanger = Exchanger(config, key, state, keys, revoked, clock)
        metrics = ExchangerMetrics({"server": config.tls.certificate} if config.tls else {})
        endpoint = TokenEndpoint(exchanger, records, limits, RefusalLines(steady), metrics)
        if config.metrics:
            shown = HttpListener(metrics.app(), addresses.listen(config.metrics, "metrics"), grace=0, most=MOST_SCRAPES)
            stack.callback(shown.close)
            shown.start()
            stack.push_async_callback(shown.stop)
        listening = addresses.listen(config.listen, "listen")
        heads = Route("/heads", HeadEndpoint(endpoint).heads, methods=["POST"])
        served, record = app(endpoint, published, heads), records.record_handshake
        listener = HttpListener(served, listening, grace=GRACE_SECONDS, tls=tls, record=record)
        stack.callback(listener.close)
        listener.start()
        stack.push_async_callback(listener.stop)
        address = addresses.with_port(config.listen, listening.getsockname()[1])
        yield f"{'https' if tls else 'http'}://{address}"


async def run(config: ExchangerConfig, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; `announce` gets the address once it listens."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stopping.set)
    async with serving(config) as address:
        announce(address)
        await stopping.wait()


async def _state(config: ExchangerConfig, clock: Callable[[], float]) -> ExchangeState:
    if config.sqlite:
        return SqliteState(config.sqlite, clock)
    assert config.etcd
    connection = EtcdConnection(config.etcd.endpoints, tls=config.etcd.tls)
    try:
        await connection.check(seconds=START_SECONDS)
        if not (await connection.auth_status(seconds=START_SECONDS)).enabled:
            log.warning(
                "etcd's authentication is off: no tokens are given until it is on (schemaregistry etcd-auth init)."
            )
    except (EtcdAway, EtcdRefused) as away:
        # A cluster can so start in any order: until etcd is there, exchanges are answered with 503.
        log.warning("etcd can't be reached yet: %s", away)
    return EtcdState(connection, clock)


def _record_rights(
    records: ExchangeLog, config: ExchangerConfig, published: KeySet, revoked: Reloaded[frozenset[str]] | None
) -> None:
    """Record who may get tokens, now and whenever the file of revoked names changes."""

    def record() -> None:
        keys = sorted(key.thumbprint() for key in published.keys)
        names = sorted(revoked.value) if revoked else []
        records.rights({**config.rights(), "keys": keys, "revoked": names})

    record()
    if revoked:
        revoked.on_change = record


def _published(config: ExchangerConfig, key: ECKey) -> KeySet:
    """Our public key, and those of other exchangers, or of the next or former key, that are to be published as well."""
    others = [each for path in config.published_keys for each in token_keys.verifying_keys(path)]
    return KeySet([*token_keys.public_part(key), *others])


def _reloaded_tls(files: ExchangerTls) -> Reloaded[ssl.SSLContext]:
    paths = [path for path in (files.certificate, files.key, files.client_ca) if path]
    return Reloaded(paths, lambda: _tls_context(files))


def _tls_context(files: ExchangerTls) -> ssl.SSLContext:
    """A context as the registry's own, but for callers without a certificate: they show a token."""
    # Without a CA for clients no certificate is asked for; the exchanger's own stands in as one that is read.
    context = TlsFiles(files.client_ca or files.certificate, files.certificate, files.key).context()
    context.verify_mode = ssl.CERT_OPTIONAL if files.client_ca else ssl.CERT_NONE
    return context
