"""Read the rules of the policy from the configuration's `[[rules]]`."""

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
from schemaregistry_server.exchanger.config.providers import Provider, ProviderKind
from schemaregistry_server.exchanger.config.toml_table import TomlTable
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
    name = table.text("certificate")
    if name.partition(":")[0] in providers:
        # `github:…` is how the log and the server call the holder of a token.
        raise table.wrong("certificate", f"begins like a subject of the provider {name.partition(':')[0]}")
    return CertificateRule(name, *_ids(table))


def _token_rule(table: TomlTable, providers: Mapping[str, Provider]) -> ClaimRule:
    name = table.text("provider")
    if name not in providers:
        raise table.wrong("provider", f"must be the name of one of the providers: {', '.join(providers) or 'none'}")
    when = table.table("when")
    if when is None or not when.keys:
        raise table.wrong("when", "is missing: state at least one claim")
    return ClaimRule(name, _conditions(when, providers[name].kind), *_ids(table))


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


def _conditions(when: TomlTable, kind: ProviderKind) -> tuple[ClaimCondition, ...]:
    for group in kind.required:
        if not any(claim in when.keys for claim in group):
            raise when.wrong("", f"must state {' or '.join(group)}")
    stated = [_condition(when, claim, kind) for claim in when.keys]
    assumed = [ExactCondition(claim, (value,)) for claim, value in kind.assumed.items() if claim not in when.keys]
    return (*stated, *assumed)


def _condition(when: TomlTable, claim: str, kind: ProviderKind) -> ClaimCondition:
    value = when.scalar_or_list(claim)
    if isinstance(value, dict):
        return _glob(when, claim, kind)
    listed: list[object] = value if isinstance(value, list) else [value]
    values = tuple(each for each in listed if isinstance(each, Scalar) and each != "")
    if not values or len(values) < len(listed):
        raise when.wrong(claim, 'must be a text, a whole number, true or false, a list of these, or { glob = "…*" }')
    return ExactCondition(claim, values)


def _glob(when: TomlTable, claim: str, kind: ProviderKind) -> GlobCondition:
    table = when.table(claim)
    assert table
    glob = table.text("glob")
    table.finish()
    beginning, star, end = glob.partition("*")
    if claim in kind.exact:
        raise when.wrong(claim, "takes no glob: write each value")
    if not star or "*" in end or not beginning:
        raise when.wrong(claim, "must have one * in its glob, after at least one other character")
    return GlobCondition(claim, beginning, end)
