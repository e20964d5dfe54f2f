"""Read the rules of the policy from the configuration's `[[rules]]`."""

import json
from collections.abc import Mapping

from schemaregistry.errors import InvalidArgument
from schemaregistry_server.exchanger.config.policy import (
    CertificateRule,
    ClaimCondition,
    ClaimRule,
    ExactCondition,
    GlobCondition,
    Scalar,
)
from schemaregistry_server.exchanger.config.providers import Provider
from schemaregistry_server.exchanger.config.toml_table import TomlTable, near_name
from schemaregistry_server.security.certificate_name import check_name
from schemaregistry_server.security.id_patterns import check_pattern

Rules = tuple[tuple[ClaimRule, ...], tuple[CertificateRule, ...]]


def read_rules(tables: list[TomlTable], providers: Mapping[str, Provider]) -> Rules:
    """Read each rule, for a provider's tokens or for a certificate.

    Raises InvalidArgument (BAD_CONFIG), naming file and key, also for a rule that would let in more than it seems.
    """
    tokens: list[ClaimRule] = []
    certificates: list[CertificateRule] = []
    for table in tables:
        if "certificate" in table.keys:
            certificates.append(_certificate_rule(table, providers))
        else:
            tokens.append(_token_rule(table, providers))
        table.finish()
    return tuple(tokens), tuple(certificates)


def _certificate_rule(table: TomlTable, providers: Mapping[str, Provider]) -> CertificateRule:
    name = certificate_of(table, "certificate", table.text("certificate"))
    if name.partition(":")[0] in providers:
        # `github:…` is how the log and the server call the holder of a token.
        raise table.wrong("certificate", f"begins like a subject of the provider {name.partition(':')[0]}")
    return CertificateRule(name, *_ids(table))


def certificate_of(table: TomlTable, key: str, name: str) -> str:
    """The name; raises InvalidArgument (BAD_CONFIG) where no certificate's name is meant by it."""
    try:
        check_name(name, key)
    except InvalidArgument:
        raise table.wrong(
            key, f"{name[:100]!a} is no name of a certificate: write a SPIFFE id, or a plain common name"
        ) from None
    if "*" in name:
        raise table.wrong(key, f"{name[:100]!a} has a *, which stands for itself here: name each certificate")
    return name


def _token_rule(table: TomlTable, providers: Mapping[str, Provider]) -> ClaimRule:
    name = table.text("provider")
    if name not in providers:
        raise table.wrong("provider", f"must be the name of one of the providers: {', '.join(providers) or 'none'}")
    when = table.table("when")
    if when is None or not when.keys:
        raise table.wrong("when", "is missing: state at least one claim")
    return ClaimRule(name, _conditions(when, providers[name]), *_ids(table))


def _ids(table: TomlTable) -> tuple[tuple[str, ...], tuple[str, ...]]:
    publish, operate = (_patterns(table, key) for key in ("publish", "operate"))
    if not publish and not operate:
        raise table.wrong("publish", 'is missing: state ids, such as publish = ["ticks_*"]')
    return publish, operate


def _patterns(table: TomlTable, key: str) -> tuple[str, ...]:
    patterns = table.texts(key, default=())
    for pattern in patterns:
        try:
            check_pattern(pattern)
        except InvalidArgument as wrong:
            raise table.wrong(key, f"has a pattern that is none: {wrong.message.rstrip('.')}") from None
    return patterns


def _conditions(when: TomlTable, provider: Provider) -> tuple[ClaimCondition, ...]:
    kind = provider.kind
    for claim in when.keys:
        if provider.claims and claim not in provider.claims:
            raise when.wrong(claim, f"is no claim of {provider.name}'s tokens{near_name(claim, provider.claims)}")
    for group in kind.required:
        if not any(claim in when.keys for claim in group):
            raise when.wrong("", f"must state {' or '.join(group)}")
    stated = [_condition(when, claim, provider) for claim in when.keys]
    assumed = [ExactCondition(claim, (value,)) for claim, value in kind.assumed.items() if claim not in when.keys]
    return (*stated, *assumed)


def _condition(when: TomlTable, claim: str, provider: Provider) -> ClaimCondition:
    value = when.scalar_or_list(claim)
    if isinstance(value, dict):
        return _glob(when, claim, provider)
    listed: list[object] = value if isinstance(value, list) else [value]
    values = tuple(each for each in listed if isinstance(each, Scalar) and each != "")
    if not values or len(values) < len(listed):
        raise when.wrong(claim, 'must be a text, a whole number, true or false, a list of these, or { glob = "…*" }')
    others = [each for each in values if not isinstance(each, str)]
    if others and claim in provider.kind.claims - provider.kind.numbers:
        raise when.wrong(claim, f'must be a text, as it is in tokens: write "{str(others[0]).lower()}"')
    if starred := next((each for each in values if isinstance(each, str) and "*" in each), ""):
        raise when.wrong(claim, f"has a *, which in a text stands for itself{_as_glob(provider, claim, starred)}")
    return ExactCondition(claim, values)


def _as_glob(provider: Provider, claim: str, text: str) -> str:
    return f": write {{ glob = {json.dumps(text)} }}" if provider.kind.takes_glob(claim) else ": write each value"


def _glob(when: TomlTable, claim: str, provider: Provider) -> GlobCondition:
    table = when.table(claim)
    assert table
    glob = table.text("glob")
    table.finish()
    beginning, star, end = glob.partition("*")
    if not provider.kind.takes_glob(claim):
        raise when.wrong(claim, "takes no glob: write each value")
    if not star or "*" in end or not beginning:
        raise when.wrong(claim, "must have one * in its glob, after at least one other character")
    needed, called = provider.kind.before_glob.get(claim, (None, ""))
    if needed and not needed.match(beginning):
        raise when.wrong(claim, f"must have {called} before the * of its glob: others could pass")
    return GlobCondition(claim, beginning, end)
