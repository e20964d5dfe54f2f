"""What packages say of their licences, as SPDX expressions, and which of these the list of allowed ids permits."""

import pytest

from scripts.supply_chain.licence_terms import (
    BadLicenceFile,
    LicencePolicy,
    is_allowed,
    named,
    of_python,
    read_policy,
    spdx,
)

MIT_TEXT = "MIT License\n\nCopyright (c) 2018 Someone\n\nPermission is hereby granted, free of charge"
OSI = "License :: OSI Approved :: "


@pytest.mark.parametrize(
    ("expression", "licence", "classifiers", "found"),
    [
        ("apache-2.0 or mit", "BSD", [OSI + "BSD License"], "Apache-2.0 OR MIT"),
        ("MIT AND (0BSD OR Zlib)", "", [], "MIT AND (0BSD OR Zlib)"),
        ("not a licence", "MIT", [OSI + "MIT License"], ""),
        ("", "", [OSI + "MIT License"], "MIT"),
        ("", "BSD", [OSI + "Mozilla Public License 2.0 (MPL 2.0)", "Topic :: Database"], "MPL-2.0"),
        ("", "MIT License", [OSI + "MIT License", OSI + "Apache Software License"], "Apache-2.0 AND MIT"),
        ("", "BSD-3-Clause", [OSI + "BSD License"], "BSD-3-Clause"),
        ("", "BSD 2-Clause License", [OSI + "BSD License"], "BSD-2-Clause"),
        ("", "BSD", [OSI + "BSD License"], ""),
        ("", "MPL-2.0 AND MIT", [], "MPL-2.0 AND MIT"),
        ("", "Apache License, Version 2.0", [], "Apache-2.0"),
        ("", MIT_TEXT, [], ""),
        ("", "", [OSI + "MIT License", OSI + "BSD License"], ""),
        ("", "", [OSI + "GNU Affero General Public License v3"], ""),
        ("", "UNKNOWN", [], ""),
        ("", "", [], ""),
    ],
)
def test_python_s_metadata(expression: str, licence: str, classifiers: list[str], found: str) -> None:
    """An expression counts alone; else classifiers that are exact; else a name or an expression in License."""
    assert of_python(expression, licence, classifiers) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("MIT/Apache-2.0", "MIT OR Apache-2.0"),
        ("Apache-2.0 / MIT", "Apache-2.0 OR MIT"),
        ("(Apache-2.0 AND BSD-3-Clause)", "(Apache-2.0 AND BSD-3-Clause)"),
        ("Apache-2.0 WITH LLVM-exception", "Apache-2.0 WITH LLVM-exception"),
        ("The Apache Software License, Version 2.0", "Apache-2.0"),
        ("SEE LICENSE IN LICENSE.md", ""),
        ("UNLICENSED", ""),
        ("", ""),
    ],
)
def test_a_text_of_cargo_npm_or_a_pom(text: str, found: str) -> None:
    assert named(text) == found


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only AND MIT", False),
        ("MIT AND 0BSD OR GPL-3.0-only", True),
        ("GPL-3.0-only OR MIT AND AGPL-3.0-only", False),
        ("(GPL-3.0-only OR MIT) AND 0BSD", True),
        ("MIT AND (GPL-3.0-only OR AGPL-3.0-only)", False),
        ("((MIT))", True),
        ("MIT WITH LLVM-exception", True),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", True),
        ("GPL-3.0-or-later WITH GCC-exception-2.0", False),
        ("GPL-3.0-or-later", False),
        ("", False),
    ],
)
def test_an_expression_is_allowed_where_allowed_ids_alone_meet_it(expression: str, allowed: bool) -> None:
    ids = frozenset({"MIT", "0BSD", "GPL-3.0-or-later WITH GCC-exception-3.1"})
    assert is_allowed(spdx(expression), ids) is allowed


def test_the_policy_is_read() -> None:
    text = 'allowed = ["MIT"]\n[[clarified]]\necosystem = "Go"\nname = "x"\nlicence = "MIT"\nreason = "its text"\n'
    assert read_policy(text) == LicencePolicy(frozenset({"MIT"}), {("Go", "x"): "MIT"})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('allowed = ["BSD"]', "allowed: 'BSD' is not an SPDX id"),
        ('allowed = ["mit"]', "allowed: 'mit' is not an SPDX id"),
        ('[[clarified]]\nname = "x"', "clarified: x: needs ecosystem, name, licence and reason"),
        ('[[clarified]]\necosystem = "Go"\nname = "x"\nlicence = "MIT"\nreason = ""', "clarified: x: needs"),
        ('[[clarified]]\necosystem = "Go"\nname = "x"\nlicence = "BSD"\nreason = "y"', "'BSD' is not an SPDX expr"),
    ],
)
def test_a_policy_that_is_wrong_is_refused(text: str, told: str) -> None:
    with pytest.raises(BadLicenceFile, match=told):
        read_policy(text)
