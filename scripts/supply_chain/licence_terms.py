"""Turn what packages say of their licences into SPDX expressions, and compare those with the ids that are allowed.

SPDX expressions: https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/; `packaging` parses them.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}
"""Trove classifiers, after "License :: OSI Approved :: ", that name one licence; "BSD License" names several."""

NAMES = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "bsd 2-clause license": "BSD-2-Clause",
    "eclipse public license v2.0": "EPL-2.0",
    "isc license": "ISC",
    "mit license": "MIT",
    "the apache license, version 2.0": "Apache-2.0",
    "the apache software license, version 2.0": "Apache-2.0",
}
"""Names in fields that hold any text: `License` of Python's metadata before PEP 639, and `<license>` of a POM."""


class BadLicenceFile(Exception):
    """third_party/licences.toml is not of its form; the message says what to do."""


@dataclass(frozen=True, slots=True)
class LicencePolicy:
    """The SPDX ids that are allowed, and the licences of packages whose own metadata don't say which they have.

    `clarified` is (ecosystem, name) → SPDX expression.
    """

    allowed: frozenset[str]
    clarified: Mapping[tuple[str, str], str]


def read_policy(text: str) -> LicencePolicy:
    """Parse third_party/licences.toml; raises BadLicenceFile."""
    document = tomllib.loads(text)
    allowed = document.get("allowed", [])
    if unknown := [one for one in allowed if spdx(one) != one]:
        raise BadLicenceFile(f"allowed: {unknown[0]!r} is not an SPDX id")
    clarified = {}
    for entry in document.get("clarified", []):
        if entry.keys() != {"ecosystem", "name", "licence", "reason"} or not all(entry.values()):
            raise BadLicenceFile(f"clarified: {entry.get('name', entry)}: needs ecosystem, name, licence and reason")
        if spdx(entry["licence"]) != entry["licence"]:
            raise BadLicenceFile(f"clarified: {entry['name']}: {entry['licence']!r} is not an SPDX expression")
        clarified[entry["ecosystem"], entry["name"]] = entry["licence"]
    return LicencePolicy(frozenset(allowed), clarified)


def spdx(text: str) -> str:
    """Write an SPDX expression in its canonical form; "" where the text is none. Cargo's old "A/B" is "A OR B"."""
    try:
        return canonicalize_license_expression(re.sub(r"\s*/\s*", " OR ", text.strip()))
    except InvalidLicenseExpression:
        return ""


def named(text: str) -> str:
    """The SPDX expression of a free text: an expression itself, or one of NAMES; "" for anything else."""
    return spdx(text) or NAMES.get(text.strip().lower(), "")


def of_python(expression: str, licence: str, classifiers: Iterable[str]) -> str:
    """The licence by Python's core metadata: License-Expression (PEP 639), classifiers, or the text of License.

    Returns "" where they name none, or one that isn't known exactly. Several classifiers all apply.
    """
    if expression:
        return spdx(expression)
    prefix = "License :: OSI Approved :: "
    names = [one.removeprefix(prefix) for one in classifiers if one.startswith(prefix)]
    if names and all(name in CLASSIFIERS for name in names):
        return " AND ".join(sorted({CLASSIFIERS[name] for name in names}))
    return named(licence)


def is_allowed(expression: str, allowed: frozenset[str]) -> bool:
    """Whether a canonical expression can be met by allowed ids alone: one side of OR, both sides of AND.

    An id WITH an exception is allowed by itself, or as the id alone, since an exception only permits more.
    """
    tokens = re.findall(r"\(|\)|[^\s()]+(?:\s+WITH\s+[^\s()]+)?", expression)
    allows, rest = _either(tokens, allowed)
    return allows and not rest


def _either(tokens: list[str], allowed: frozenset[str]) -> tuple[bool, list[str]]:
    allows, rest = _both(tokens, allowed)
    while rest[:1] == ["OR"]:
        other, rest = _both(rest[1:], allowed)
        allows = allows or other
    return allows, rest


def _both(tokens: list[str], allowed: frozenset[str]) -> tuple[bool, list[str]]:
    allows, rest = _one(tokens, allowed)
    while rest[:1] == ["AND"]:
        other, rest = _one(rest[1:], allowed)
        allows = allows and other
    return allows, rest


def _one(tokens: list[str], allowed: frozenset[str]) -> tuple[bool, list[str]]:
    if tokens[:1] == ["("]:
        allows, rest = _either(tokens[1:], allowed)
        return allows, rest[1:]
    first, *rest = tokens or [""]
    return first in allowed or re.split(r"\s+WITH\s+", first)[0] in allowed, rest
