"""The exchanger's configuration: a TOML file, in which every key must be known."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from schemaregistry.errors import InvalidArgument
from schemaregistry_server.etcd.endpoints import EtcdTls
from schemaregistry_server.exchanger.config.policy import CertificateRule, ClaimRule
from schemaregistry_server.exchanger.config.policy_reading import certificate_of, read_rules
from schemaregistry_server.exchanger.config.providers import KINDS, Provider, ProviderKind
from schemaregistry_server.exchanger.config.toml_table import TomlTable, read_toml
from schemaregistry_server.security.loopback import is_loopback_host
from schemaregistry_server.security.publishing_token import LONGEST_SECONDS
from schemaregistry_server.transport.addresses import host_and_port

DEFAULT_USER: Final = "publisher"
DEFAULT_AUDIENCE: Final = "schemaregistry"
LEAST_SECONDS: Final = 30

CALLER_RATE: Final = 20
"""Requests a second of one caller: the jobs of a company that share an address, and that start at once."""

MOST_RATE: Final = 100_000

ANONYMOUS_RATE: Final = 200
"""Requests a second of all callers without a certificate: what one core answers, with etcd and the disk."""


@dataclass(frozen=True, slots=True)
class ExchangerTls:
    """The certificate and key of the exchanger's HTTPS, and the CA of certificates that may ask for tokens."""

    certificate: Path
    key: Path
    client_ca: Path | None


@dataclass(frozen=True, slots=True)
class EtcdAccess:
    """The etcd cluster that takes the tokens: its endpoints (HOST:PORT), and the exchanger's own certificate."""

    endpoints: tuple[str, ...]
    tls: EtcdTls | None


@dataclass(frozen=True, slots=True)
class ExchangerConfig:
    """All that an exchanger is told. Without `tls` it speaks plain HTTP; it has either `etcd` or `sqlite`.

    `listen` and `metrics` are HOST:PORT, the latter "" for none. `name` is the issuer of our tokens, `audience` whom
    they are for, `lifetime` their seconds, `user` the one user of etcd that they are for. `caller_rate` and
    `anonymous_rate` are requests a second, 0 for no limit. `log` is the file of exchanges, None for stdout. `heads`
    are the names of certificates for which heads of an audit are signed.
    """

    listen: str
    metrics: str
    tls: ExchangerTls | None
    signing_key: Path
    published_keys: tuple[Path, ...]
    name: str
    audience: str
    lifetime: int
    user: str
    caller_rate: int
    anonymous_rate: int
    etcd: EtcdAccess | None
    sqlite: Path | None
    log: Path | None
    revoked: Path | None
    heads: tuple[str, ...]
    providers: tuple[Provider, ...]
    token_rules: tuple[ClaimRule, ...]
    certificate_rules: tuple[CertificateRule, ...]

    def rights(self) -> dict[str, object]:
        """All that decides who gets which token, for the audit log."""
        return {
            "name": self.name,
            "audience": self.audience,
            "lifetime": self.lifetime,
            "user": self.user,
            "providers": [{"name": one.name, "issuer": one.issuer, "audience": one.audience} for one in self.providers],
            "heads": list(self.heads),
            "token_rules": [asdict(rule) for rule in self.token_rules],
            "certificate_rules": [asdict(rule) for rule in self.certificate_rules],
        }


def read_config(file: Path) -> ExchangerConfig:
    """Read the configuration; raises InvalidArgument (BAD_CONFIG), naming the file and the key at fault."""
    top = read_toml(file)
    providers = _providers(top.tables("providers"))
    token_rules, certificate_rules = read_rules(top.tables("rules"), {each.name: each for each in providers})
    config = ExchangerConfig(
        listen=_address(top, "listen", top.text("listen")),
        metrics=_address(top, "metrics", top.text("metrics", "")),
        tls=_tls(top),
        signing_key=top.file("signing-key"),
        published_keys=tuple(map(Path, top.texts("published-keys", default=()))),
        name=top.line("name"),
        audience=top.line("audience", DEFAULT_AUDIENCE),
        lifetime=_lifetime(top),
        user=_user(top),
        caller_rate=_rate(top, "caller-rate", CALLER_RATE),
        anonymous_rate=_rate(top, "anonymous-rate", ANONYMOUS_RATE),
        etcd=_etcd(top),
        sqlite=top.optional_file("sqlite"),
        log=top.optional_file("log"),
        revoked=top.optional_file("revoked"),
        heads=tuple(certificate_of(top, "heads", name) for name in top.texts("heads", default=())),
        providers=providers,
        token_rules=token_rules,
        certificate_rules=certificate_rules,
    )
    top.finish()
    _check_whole(top, config)
    return config


def _address(top: TomlTable, key: str, address: str) -> str:
    try:
        if address:
            host_and_port(address, key)
    except InvalidArgument as wrong:
        raise top.wrong(key, f"can't be used: {wrong.message.rstrip('.')}") from None
    return address


def _tls(top: TomlTable) -> ExchangerTls | None:
    table = top.table("tls")
    plain = top.flag("plain-http", default=False)
    if table is None:
        if not plain:
            raise top.wrong("tls", "is missing; on loopback plain-http = true does without")
        if not is_loopback_host(host_and_port(top.text("listen"), "listen")[0]):
            raise top.wrong("plain-http", "is for loopback alone: listen on 127.0.0.1, or state [tls]")
        return None
    if plain:
        raise top.wrong("plain-http", "can't be true beside [tls]")
    tls = ExchangerTls(table.file("certificate"), table.file("key"), table.optional_file("client-ca"))
    table.finish()
    return tls


def _lifetime(top: TomlTable) -> int:
    seconds = top.whole("lifetime", LONGEST_SECONDS)
    if not LEAST_SECONDS <= seconds <= LONGEST_SECONDS:
        raise top.wrong("lifetime", f"must be {LEAST_SECONDS} to {LONGEST_SECONDS} seconds")
    return seconds


def _rate(top: TomlTable, key: str, default: int) -> int:
    rate = top.whole(key, default)
    if not 0 <= rate <= MOST_RATE:
        raise top.wrong(key, f"must be 1 to {MOST_RATE:,} requests a second, or 0 for no limit")
    return rate


def _user(top: TomlTable) -> str:
    user = top.line("user", DEFAULT_USER)
    if user == "root":
        raise top.wrong("user", "can't be root: a token would then be for all of etcd")
    return user


def _etcd(top: TomlTable) -> EtcdAccess | None:
    table = top.table("etcd")
    if table is None:
        return None
    endpoints = table.texts("endpoints")
    if not endpoints:
        raise table.wrong("endpoints", "is empty: name at least one HOST:PORT")
    for each in endpoints:
        try:
            host_and_port(each, "endpoints")
        except InvalidArgument as wrong:
            raise table.wrong("endpoints", f"can't be used: {wrong.message.rstrip('.')}") from None
    ca, certificate, key = (table.optional_file(name) for name in ("ca", "certificate", "key"))
    if (certificate is None) != (key is None):
        raise table.wrong("key" if key is None else "certificate", "is missing: certificate and key go together")
    if certificate and not ca:
        raise table.wrong("ca", "is missing: it has the CA of etcd's certificates")
    table.finish()
    return EtcdAccess(endpoints, EtcdTls(ca, certificate, key) if ca else None)


def _providers(tables: list[TomlTable]) -> tuple[Provider, ...]:
    providers: list[Provider] = []
    for table in tables:
        provider = _provider(table)
        if provider.name in {each.name for each in providers}:
            raise table.wrong("name", f"{provider.name} is another provider's")
        if provider.issuer in {each.issuer for each in providers}:
            raise table.wrong("issuer", f"{provider.issuer} is another provider's: one issuer has one provider")
        providers.append(provider)
    return tuple(providers)


def _provider(table: TomlTable) -> Provider:
    kind_name = table.text("kind")
    if kind_name not in KINDS:
        raise table.wrong("kind", f"must be one of {', '.join(KINDS)}")
    kind = KINDS[kind_name]
    provider = Provider(
        name=table.text("name", kind_name),
        kind=kind,
        issuer=table.line("issuer", kind.issuer or None),
        audience=table.line("audience"),
        more_claims=_more_claims(table, kind),
        jwks_uri=table.line("jwks-uri", ""),
        ca=table.optional_file("ca"),
        token_file=table.optional_file("token-file"),
    )
    table.finish()
    if not provider.name.replace("-", "").isalnum() or not provider.name.isascii() or provider.name == "spiffe":
        raise table.wrong("name", "must have letters, digits and - alone, and can't be spiffe")
    for key, address in (("jwks-uri", provider.jwks_uri), ("issuer", "" if provider.jwks_uri else provider.issuer)):
        if address and not _is_https(address):
            raise table.wrong(
                key, "must be an https address (https://HOST/PATH) without a user, a ? or a #: the keys come from there"
            )
    return provider


def _more_claims(table: TomlTable, kind: ProviderKind) -> frozenset[str]:
    names = table.texts("claims", default=())
    if names and not kind.claims:
        raise table.wrong("claims", "isn't needed: a rule may state any claim of this provider")
    return frozenset(names)


def _is_https(address: str) -> bool:
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 (raises where it is none)
    except ValueError:
        return False
    whole = address.startswith("https://") and parts.hostname and address.isascii() and " " not in address
    return bool(whole) and "@" not in parts.netloc and "?" not in address and "#" not in address


def _check_whole(top: TomlTable, config: ExchangerConfig) -> None:
    if (config.etcd is None) == (config.sqlite is None):
        raise top.wrong("etcd", "or sqlite must be stated, and not both: tokens that were used are kept there")
    if not config.token_rules and not config.certificate_rules:
        raise top.wrong("rules", "is missing: without a rule nobody gets a token")
    if config.heads and not (config.tls and config.tls.client_ca):
        raise top.wrong("tls.client-ca", "is missing: heads are signed for a certificate")
    if config.certificate_rules and not (config.tls and config.tls.client_ca):
        raise top.wrong("tls.client-ca", "is missing: a rule is for a certificate")
