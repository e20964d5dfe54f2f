"""The command `schemaregistry etcd-auth`: users and roles in etcd, so that the registry can't write by itself.

`etcd/etcd_users.py` compares etcd's users and roles with the wanted ones and changes them.
"""

import asyncio
import ssl
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
import uvloop
from cryptography import x509
from cryptography.x509.oid import NameOID

from schemaregistry.cli.option_groups import with_groups
from schemaregistry.cli.say import say
from schemaregistry.errors import FailedPrecondition, InvalidArgument, RegistryError, Unavailable
from schemaregistry_server.audit_log.audit_log import AuditLog
from schemaregistry_server.etcd import etcd_users
from schemaregistry_server.etcd.endpoints import EtcdConnection, EtcdTls
from schemaregistry_server.etcd.etcd_failures import EtcdAway, EtcdRefused
from schemaregistry_server.etcd.etcd_users import ROOT, AuthStep, EtcdRole
from schemaregistry_server.ops.store_errors import ending_with_code
from schemaregistry_server.store import selection
from schemaregistry_server.store.etcd_layout import KeyLayout
from schemaregistry_server.transport.addresses import host_and_port

PROBE_SECONDS: Final = 5.0

HTTP2: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
"""How a client of HTTP/2 begins (RFC 9113, section 3.4): its preface and settings."""


class AuthAction(StrEnum):
    INIT = "init"


@dataclass(frozen=True, slots=True)
class EtcdUserNames:
    """The names of etcd's users: common names of certificates, and for the publisher the name in its tokens."""

    server: Annotated[str, typer.Option(metavar="CN", help="The registry's own certificate for etcd.")] = "registry"
    publisher: Annotated[str, typer.Option(metavar="NAME", help="The user in the exchanger's tokens.")] = "publisher"
    exchanger: Annotated[str, typer.Option(metavar="CN", help="The exchanger's certificate.")] = "exchanger"
    auditor: Annotated[
        tuple[str, ...], typer.Option(metavar="CN", help="Who may run audit and snapshot. Repeatable.")
    ] = ()


@dataclass(frozen=True, slots=True)
class EtcdAdministrator:
    """The options that locate etcd, and the files of the certificate that administers it."""

    store: Annotated[str, typer.Option(metavar="NAME", envvar="SCHEMAREGISTRY_STORE", help="etcd://HOST:PORT,…")] = ""
    etcd_ca: Annotated[
        Path | None,
        typer.Option(metavar="PEM", envvar="SCHEMAREGISTRY_ETCD_CA", help="The CA of etcd's certificates."),
    ] = None
    etcd_cert: Annotated[
        Path | None,
        typer.Option(
            metavar="PEM",
            envvar="SCHEMAREGISTRY_ETCD_CERT",
            help="The administrator's certificate, whose common name is root.",
        ),
    ] = None
    etcd_key: Annotated[Path | None, typer.Option(metavar="PEM", envvar="SCHEMAREGISTRY_ETCD_KEY", help="Its key.")] = (
        None
    )

    @property
    def endpoints(self) -> list[str]:
        """HOST:PORT of each member; raises InvalidArgument (BAD_STORE) where the store isn't etcd."""
        if not self.store.startswith("etcd://"):
            raise InvalidArgument("This is about etcd: name it by --store etcd://HOST:PORT,…", reason="BAD_STORE")
        return selection.endpoints(self.store)

    @property
    def tls(self) -> EtcdTls:
        """The TLS files; raises InvalidArgument (SETTINGS_MISSING) where one isn't named."""
        if not (self.etcd_ca and self.etcd_cert and self.etcd_key):
            raise InvalidArgument(
                "Name etcd's CA and root's certificate: --etcd-ca, --etcd-cert and --etcd-key.",
                reason="SETTINGS_MISSING",
            )
        return EtcdTls(self.etcd_ca, self.etcd_cert, self.etcd_key)


@with_groups
def etcd_auth(
    action: Annotated[AuthAction, typer.Argument(show_default=False, help="init is all there is.")],  # noqa: ARG001
    *,
    place: EtcdAdministrator,
    users: EtcdUserNames,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would be done.")] = False,
    audit_log: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Record each step there, as `serve --audit-log` does.")
    ] = None,
) -> None:
    """Make etcd's users and roles, and turn its authentication on: then only an exchanger's token writes a schema.

    The plan is printed first, then carried out, a line for each step. A second run does what is left, if anything, and
    takes the registry's roles from users that it doesn't name. Other roles that reach the registry's keys are named.
    The server may read schemas, the exchanger may use its own keys alone, an auditor may read everything that is
    audited; whoever has the certificate of root may do anything, such as restore a snapshot.

    Exit codes: 0 all is so, 2 it can't be done with this certificate or this etcd, 3 etcd can't be reached.
    """
    with ending_with_code(as_json=False), ExitStack() as stack:
        events = AuditLog(audit_log, "etcd-auth") if audit_log and not dry_run else None
        if events:
            stack.callback(events.close)
        uvloop.run(_init(place.endpoints, place.tls, users, events, dry_run=dry_run))


def roles(names: EtcdUserNames, layout: KeyLayout) -> tuple[EtcdRole, ...]:
    """The roles of a registry with the keys of `layout`.

    Raises InvalidArgument (SAME_USER) where one user would have two roles, or root would have one of them.
    """
    every = (ROOT, names.server, names.publisher, names.exchanger, *names.auditor)
    if twice := {name for name in every if every.count(name) > 1}:
        raise InvalidArgument(
            f"{', '.join(sorted(twice))} would be several users in one: give each its own certificate and name.",
            reason="SAME_USER",
        )
    return (
        # What it counts of its readers is the server's own to write; schemas are not.
        EtcdRole("registry-server", {layout.schemas: "read", layout.observed: "read and write"}, (names.server,)),
        EtcdRole("registry-publisher", {layout.schemas: "read and write", layout.audits: "write"}, (names.publisher,)),
        EtcdRole("registry-exchanger", {layout.exchanger: "read and write"}, (names.exchanger,)),
        EtcdRole("registry-auditor", {layout.schemas: "read", layout.audits: "read"}, names.auditor),
    )


async def _init(
    endpoints: list[str], tls: EtcdTls, names: EtcdUserNames, events: AuditLog | None, *, dry_run: bool
) -> None:
    wanted = roles(names, KeyLayout())
    _must_be_root(tls)
    connection = EtcdConnection(endpoints, tls=tls)
    try:
        await connection.check(seconds=PROBE_SECONDS)
        await _must_ask_for_certificates(endpoints, tls)
        current = await etcd_users.read(connection)
        plan = etcd_users.steps(current, wanted)
        _show(plan, dry_run=dry_run)
        for sentence in etcd_users.strangers(current, wanted):
            say(f"Look at this, which is left as it is: {sentence}", err=True)
        for step in () if dry_run else plan:
            await etcd_users.take(connection, step)
            if events:
                await asyncio.wrap_future(events.record("etcd-rights", {"who": ROOT, "step": step.text}))
            say(f"done: {step.text}")
    except EtcdAway as away:
        raise Unavailable(f"etcd is away ({away}): try again.", reason="STORE_AWAY") from away
    except EtcdRefused as refused:
        raise _refused(refused) from refused
    finally:
        await connection.close()


def _show(plan: list[AuthStep], *, dry_run: bool) -> None:
    if not plan:
        say("The registry's users and roles in etcd, and its authentication, are as they must be: nothing to do.")
        return
    say(f"{len(plan)} steps{'' if dry_run else ', now carried out'}:")
    for step in plan:
        say(f"  {step.text}")


def _must_be_root(tls: EtcdTls) -> None:
    """Raise FailedPrecondition where the certificate isn't root's: once authentication is on, it could do no more."""
    assert tls.cert
    try:
        subject = x509.load_pem_x509_certificate(tls.cert.read_bytes()).subject
    except (OSError, ValueError) as failed:
        raise FailedPrecondition(f"{tls.cert} can't be read ({failed}).", reason="TLS_FILES") from failed
    found = [str(name.value) for name in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if found != [ROOT]:
        raise FailedPrecondition(
            f"{tls.cert} has the common name {', '.join(found) or '(none)'}: take a certificate whose common name is "
            f"{ROOT}, or nobody could administer etcd once its authentication is on.",
            reason="NOT_ROOT",
        )


async def _must_ask_for_certificates(endpoints: list[str], tls: EtcdTls) -> None:
    """Raise FailedPrecondition where a member of etcd talks to a caller without a certificate.

    Users are then not known by their certificates: with authentication on, and tokens of an exchanger alone, nobody
    could administer etcd any more. Asked by TLS alone, since gRPC writes such a refusal to stderr as corruption.
    """
    context = ssl.create_default_context(cafile=tls.ca)
    context.set_alpn_protocols(["h2"])
    for endpoint in endpoints:
        host, port = host_and_port(endpoint, "--store")
        with suppress(OSError, TimeoutError):  # a member that is away, or refuses, as it must
            async with asyncio.timeout(PROBE_SECONDS):
                reader, writer = await asyncio.open_connection(host, port, ssl=context)
                try:
                    writer.write(HTTP2)
                    talks = await reader.read(1)
                finally:
                    writer.transport.abort()
            if talks:
                raise FailedPrecondition(
                    f"etcd at {endpoint} doesn't ask its clients for certificates: start each member with "
                    "--client-cert-auth and --trusted-ca-file.",
                    reason="ETCD_NO_CERTIFICATES",
                )


def _refused(refused: EtcdRefused) -> RegistryError:
    return FailedPrecondition(
        f"etcd refused ({refused.message}): its authentication is on, and takes this certificate for no administrator.",
        reason="STORE_REFUSED",
    )
