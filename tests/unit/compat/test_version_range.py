"""Ranges of versions: what each form holds, as npm and Cargo read it."""

import pytest
from semver import Version

from schemaregistry.compat.version_range import parse_range
from schemaregistry.errors import InvalidArgument


@pytest.mark.parametrize(
    ("text", "within", "beyond"),
    [
        ("*", ["0.0.1", "9.9.9"], []),
        ("latest", ["1.0.0"], []),
        ("1", ["1.0.0", "1.9.9"], ["0.9.9", "2.0.0"]),
        ("1.2", ["1.2.0", "1.2.9"], ["1.1.9", "1.3.0"]),
        ("1.2.3", ["1.2.3"], ["1.2.2", "1.2.4"]),
        ("v1.2.3", ["1.2.3"], ["1.2.4"]),
        ("^1", ["1.0.0", "1.99.0"], ["2.0.0", "0.9.0"]),
        ("^1.2", ["1.2.0", "1.3.0"], ["1.1.9", "2.0.0"]),
        ("^1.2.3", ["1.2.3", "1.9.0"], ["1.2.2", "2.0.0"]),
        ("^0.2.3", ["0.2.3", "0.2.9"], ["0.3.0", "1.0.0"]),
        ("^0.0.3", ["0.0.3"], ["0.0.4"]),
        ("~1.2", ["1.2.0", "1.2.9"], ["1.3.0"]),
        ("~1", ["1.0.0", "1.9.0"], ["2.0.0"]),
        (">=1.2 <2", ["1.2.0", "1.9.9"], ["1.1.0", "2.0.0"]),
        (">1.2.3", ["1.2.4"], ["1.2.3"]),
        ("<=1.2", ["1.2.9", "0.1.0"], ["1.3.0"]),
        ("1.2.3-rc.1", ["1.2.3-rc.1"], ["1.2.3-rc.2", "1.2.3"]),
    ],
)
def test_what_a_range_holds(text: str, within: list[str], beyond: list[str]) -> None:
    versions = parse_range(text)
    assert [each for each in within if not versions.holds(Version.parse(each))] == []
    assert [each for each in beyond if versions.holds(Version.parse(each))] == []


@pytest.mark.parametrize("text", ["one", "1.2.3.4", "1 || 2", "^", "1.x", "1" * 70])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="is no range of versions") as refused:
        parse_range(text)
    assert refused.value.reason == "BAD_RANGE"
