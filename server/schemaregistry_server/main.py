"""`schemaregistry serve`: from what was said to a running server, and each failure to start as one sentence and exit 2.

Holds no setting: `options.py` says what there is, `settings.py` what must be there.
"""

import logging

import typer
import uvloop

from schemaregistry.cli.say import say
from schemaregistry.errors import RegistryError
from schemaregistry_server import descriptors, greeting, options, running, supervisor
from schemaregistry_server.readiness import Readiness
from schemaregistry_server.settings import DEFAULT_DATA, Settings
from schemaregistry_server.worker import LOG_FORMAT


def serve(  # noqa: PLR0913, PLR0917 (each one is an option)
    dev: options.Dev = False,
    config: options.Config = None,  # noqa: ARG001 (read before the others)
    data: options.Data = DEFAULT_DATA,
    store: options.Store = None,
    grpc: options.Grpc = None,
    rest: options.Rest = None,
    health: options.Health = None,
    tls_cert: options.TlsCert = None,
    tls_key: options.TlsKey = None,
    client_ca: options.ClientCa = None,
    publisher: options.Publisher = None,
    revoked: options.Revoked = None,
    etcd_ca: options.EtcdCa = None,
    etcd_cert: options.EtcdCert = None,
    etcd_key: options.EtcdKey = None,
    workers: options.Workers = 0,
    publish: options.Publish = None,
    reflection: options.Reflection = True,
    progress_seconds: options.Progress = 10.0,
    grace_seconds: options.Grace = 10.0,
    judge_seconds: options.Judge = 1.0,
    slow_seconds: options.Slow = 30.0,
    connection_seconds: options.Connection = 1800.0,
) -> None:
    """Run the registry until SIGTERM or Ctrl-C.

    It asks each client for a certificate, so it needs its own, its clients' CA, and the names of its publishers. TLS
    files are read again when they are replaced.
    """
    said = Settings(
        dev=dev,
        data=data,
        store=store,
        grpc=grpc,
        rest=rest,
        health=health,
        tls_cert=tls_cert,
        tls_key=tls_key,
        client_ca=client_ca,
        publisher=tuple(publisher or ()),
        revoked=revoked,
        etcd_ca=etcd_ca,
        etcd_cert=etcd_cert,
        etcd_key=etcd_key,
        workers=workers,
        publish=publish,
        reflection=reflection,
        progress_seconds=progress_seconds,
        grace_seconds=grace_seconds,
        judge_seconds=judge_seconds,
        slow_seconds=slow_seconds,
        connection_seconds=connection_seconds,
    )
    try:
        _run(said.complete())
    except RegistryError as error:
        say(f"schemaregistry: {error.message}", err=True)
        raise typer.Exit(2) from None


def _run(settings: Settings) -> None:
    logging.basicConfig(format=LOG_FORMAT)
    descriptors.raise_limit()
    if settings.shared:
        uvloop.run(supervisor.run(settings, lambda listening: say(greeting.line(settings, listening))))
        return
    words = greeting.text if settings.dev else greeting.line
    uvloop.run(running.run(settings, Readiness(), lambda listening: say(words(settings, listening))))
