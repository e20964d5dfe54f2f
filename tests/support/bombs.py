"""Pairs of small schemas that are much work for whoever writes them out, and what is known of each."""

from typing import Any

Pair = tuple[Any, Any]


def doubling(keyword: str, count: int = 30, last: Any = None) -> dict[str, Any]:
    """Definitions of which each holds the next one twice, by `keyword`."""

    def twice(name: str) -> dict[str, Any]:
        part = {"$ref": f"#/definitions/{name}"}
        ways: dict[str, dict[str, Any]] = {
            "allOf": {"allOf": [part, part]},
            "anyOf": {"anyOf": [part, part]},
            "oneOf": {"oneOf": [part, {"not": part}]},
            "not": {"not": {"anyOf": [{"not": part}, {"not": part}]}},
            "items": {"type": "array", "items": [part, part], "minItems": 2},
            "properties": {"type": "object", "required": ["a", "b"], "properties": {"a": part, "b": part}},
        }
        return ways[keyword]

    chain = {f"d{at}": twice(f"d{at + 1}") for at in range(count)}
    end = {"type": "string"} if last is None else last
    return {"definitions": chain | {f"d{count}": end}, "allOf": [{"$ref": "#/definitions/d0"}]}


def nested(deep: int, least: int) -> dict[str, Any]:
    inner = {"items": nested(deep - 1, least)} if deep > 1 else {}
    return {"type": "array", "minItems": least, **inner}


def tagged(count: int) -> dict[str, Any]:
    return {"oneOf": [{"type": "object", "required": ["k"], "properties": {"k": {"const": at}}} for at in range(count)]}


def members(more: int) -> dict[str, Any]:
    """Fifty kinds of names, which overlap in every way."""
    patterns = {f"a.*{chr(98 + at % 24)}{at}": {"minimum": at + more} for at in range(50)}
    return {"type": "object", "patternProperties": patterns}


CHOICES = {"allOf": [{"anyOf": [{"required": [f"a{at}"]}, {"required": [f"b{at}"]}]} for at in range(20)]}
PATTERNS = {"allOf": [{"anyOf": [{"pattern": f"a{at}"}, {"pattern": f"b{at}"}]} for at in range(20)]}
CONDITIONS = [
    {"if": {"required": [f"a{at}"]}, "then": {"required": [f"b{at}"]}, "else": {"required": [f"c{at}"]}}
    for at in range(40)
]
CONSTANTS = {"type": "array", "allOf": [{"contains": {"const": at}} for at in range(30)]}
WORDS = [f"s{at}" for at in range(6000)]
SHORTER = doubling("properties", last={"type": "string", "minLength": 1})

COMPATIBLE: dict[str, Pair] = {
    "twenty choices of two members": ({"type": "object", **CHOICES}, {"minProperties": 20}),
    "forty conditions": ({"type": "object", "allOf": CONDITIONS}, {"minProperties": 40}),
    "thirty elements wanted": (CONSTANTS, {"minItems": 30}),
    "a thousand elements, three deep": (nested(3, 1000), nested(3, 999)),
    "members that double, wider": (SHORTER, doubling("properties")),
    "conditions that double": (doubling("allOf", 60), {"type": "string"}),
    "six thousand words, and one more": ({"enum": WORDS}, {"enum": [*WORDS, "t"]}),
    "six thousand numbers in a range": ({"enum": list(range(6000))}, {"minimum": 0, "maximum": 5999}),
}

INCOMPATIBLE: dict[str, Pair] = {
    "twenty choices of two patterns": ({"type": "string", **PATTERNS}, {"pattern": "\\bZ"}),
    "twenty choices of two patterns, of any type": (PATTERNS, {"pattern": "\\bZ"}),
    "six thousand numbers left out": ({"not": {"enum": list(range(6000))}}, {"maximum": 10}),
    "six thousand integers left out": ({"type": "integer", "not": {"enum": list(range(6000))}}, {"maximum": 10}),
    "six thousand texts left out": ({"type": "string", "not": {"enum": WORDS}}, {"maxLength": 3}),
    "six thousand texts of a pattern left out": (
        {"type": "string", "pattern": "^s[0-9]+$", "not": {"enum": WORDS}},
        {"maxLength": 3},
    ),
    "twenty choices of two members, one too many": ({"type": "object", **CHOICES}, {"minProperties": 21}),
    "thirty elements wanted, one too many": (CONSTANTS, {"minItems": 31}),
    "a thousand elements": (nested(1, 1000), {"maxItems": 3}),
    "a thousand members": ({"type": "object", "minProperties": 1000}, {"maxProperties": 3}),
    "conditions that double": (doubling("allOf"), {"type": "integer"}),
    "choices that double": (doubling("anyOf"), {"type": "integer"}),
    "negations that double": (doubling("not"), {"minLength": 1}),
    "three hundred constants": (
        {"oneOf": [{"const": at} for at in range(300)]},
        {"oneOf": [{"const": at} for at in range(299)]},
    ),
}

UNKNOWN: dict[str, Pair] = {
    "a thousand elements, three deep": (nested(3, 1000), {"maxItems": 3}),
    "elements that double": (doubling("items"), {"maxItems": 1}),
    "members that double": (doubling("properties"), {"type": "integer"}),
    "a million members": ({"type": "object", "minProperties": 10**6}, {"maxProperties": 3}),
    "endless elements": ({"type": "array", "minItems": 1e300}, {"maxItems": 3}),
}
"""What no one can write down: the least counterexample has millions of values."""

ENDLESS: dict[str, Pair] = {
    "alternatives that double": (doubling("oneOf", 40), {"type": "integer"}),
    "a large tagged union": (tagged(900), tagged(899)),
    "many kinds of members": (members(0), members(1)),
}
"""What is only ended by the clock, unless the machine is fast; each is incompatible."""
