"""The policy: which claims, and which certificates, may publish which ids. What no rule allows is denied."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from schemaregistry_server.security.rights import Rights

Scalar = str | int | bool


@dataclass(frozen=True, slots=True)
class ExactCondition:
    """A claim must be one of `values`, in the same type."""

    claim: str
    values: tuple[Scalar, ...]

    def holds(self, claims: Mapping[str, object]) -> bool:
        value = claims.get(self.claim)
        # By type as well: in Python True is 1, and a claim that is missing is None, which no value is.
        return any(type(each) is type(value) and each == value for each in self.values)


@dataclass(frozen=True, slots=True)
class GlobCondition:
    """A claim must be a text with this beginning and end, and no `/` where the glob has its one `*`."""

    claim: str
    beginning: str
    end: str

    def holds(self, claims: Mapping[str, object]) -> bool:
        value = claims.get(self.claim)
        if not isinstance(value, str) or len(value) < len(self.beginning) + len(self.end):
            return False
        between = value[len(self.beginning) : len(value) - len(self.end)]
        return value.startswith(self.beginning) and value.endswith(self.end) and "/" not in between


ClaimCondition = ExactCondition | GlobCondition


@dataclass(frozen=True, slots=True)
class ClaimRule:
    """Rights for tokens of the provider for which all of `conditions` hold."""

    provider: str
    conditions: tuple[ClaimCondition, ...]
    publish: tuple[str, ...]
    operate: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CertificateRule:
    """Rights for certificates of this name: a SPIFFE id, or else a common name."""

    certificate: str
    publish: tuple[str, ...]
    operate: tuple[str, ...]


def rights_of_token(rules: Iterable[ClaimRule], provider: str, claims: Mapping[str, object]) -> Rights:
    """The rights of a token of `provider`: those of all rules whose conditions all hold."""
    return _together(
        [
            rule
            for rule in rules
            if rule.provider == provider and rule.conditions and all(each.holds(claims) for each in rule.conditions)
        ]
    )


def rights_of_certificate(rules: Iterable[CertificateRule], name: str) -> Rights:
    """The rights of a certificate of this name: those of all its rules."""
    return _together([rule for rule in rules if rule.certificate == name])


def _together(rules: Sequence[ClaimRule | CertificateRule]) -> Rights:
    publish = dict.fromkeys(pattern for rule in rules for pattern in rule.publish)
    operate = dict.fromkeys(pattern for rule in rules for pattern in rule.operate)
    return Rights(publish=tuple(publish), operate=tuple(operate))
