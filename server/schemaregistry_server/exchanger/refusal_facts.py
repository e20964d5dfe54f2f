"""Why a verified token is refused, for its line in the log: what it states, and what was expected. All is bounded."""

from collections.abc import Iterable, Mapping
from typing import Final

from schemaregistry_server.exchanger.config.policy import ClaimCondition, ClaimRule, ExactCondition
from schemaregistry_server.exchanger.exchange_log import beginning

MAX_CLAIMS: Final = 24
"""Claims that a line shows at most: rules may name any number."""

MAX_VALUES: Final = 8
"""Values of one claim, or of one condition."""

MAX_TEXT: Final = 200
"""Bytes of one value, or of the name of a claim."""

_LARGEST: Final = 1 << 53


def stated(claims: Mapping[str, object], names: Iterable[str]) -> dict[str, object]:
    """What a token states for these claims; those that it lacks are left out."""
    there = [name for name in names if name in claims]
    return {name: _shown(claims[name]) for name in there[:MAX_CLAIMS]}


def about_rules(rules: Iterable[ClaimRule], provider: str, claims: Mapping[str, object]) -> dict[str, object]:
    """What is logged of a token that no rule of its provider allows.

    `looked_at` are the token's claims that these rules name. `nearest` is the rule with the fewest conditions that
    fail: its number among those of the provider, its patterns, and under `expected` what its failing conditions ask.
    """
    ours = [rule for rule in rules if rule.provider == provider]
    named = dict.fromkeys(each.claim for rule in ours for each in rule.conditions)
    looked_at = stated(claims, named)
    if not ours:
        return {"looked_at": looked_at, "nearest": "no rule is of this provider"}
    failing = [[each for each in rule.conditions if not each.holds(claims)] for rule in ours]
    number = min(range(len(ours)), key=lambda index: len(failing[index]))
    nearest = {
        "rule": number + 1,
        "publish": list(ours[number].publish[:MAX_VALUES]),
        "expected": {beginning(each.claim, MAX_TEXT): _expected(each) for each in failing[number][:MAX_CLAIMS]},
    }
    return {"looked_at": looked_at, "nearest": nearest}


def _expected(condition: ClaimCondition) -> object:
    if isinstance(condition, ExactCondition):
        values = [_shown(value) for value in condition.values[:MAX_VALUES]]
        return values[0] if len(condition.values) == 1 else values
    return {"glob": beginning(f"{condition.beginning}*{condition.end}", MAX_TEXT)}


def _shown(value: object) -> object:
    if isinstance(value, str):
        return beginning(value, MAX_TEXT)
    if isinstance(value, list):
        return [_shown(each) if isinstance(each, str | int) else "…" for each in value[:MAX_VALUES]]
    if isinstance(value, dict):
        return "(an object)"
    if isinstance(value, int | float) and abs(value) > _LARGEST:
        return "(a huge number)"
    return value
