"""The oldest versions that pyproject.toml allows: `make client-test-minimum` runs these tests with them."""

import re
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = tomllib.loads((Path(__file__).resolve().parents[3] / "pyproject.toml").read_text())["project"]
PINNED = dict(re.findall(r"^([a-z0-9-]+)==([0-9.]+)", (HERE / "minimum.txt").read_text(), re.MULTILINE))


def padded(version: str) -> tuple[int, ...]:
    return tuple(map(int, (version + ".0.0").split(".")[:3]))


def test_what_is_installed_for_it_is_the_oldest_that_is_allowed() -> None:
    extras = PROJECT["optional-dependencies"]
    allowed = dict(
        re.findall(
            r"([a-z0-9-]+)[>=]=([0-9.]+)", "\n".join(PROJECT["dependencies"] + extras["data"] + extras["server"])
        )
    )
    assert {"grpcio", "grpcio-status", "protobuf", "pyarrow"} <= set(allowed)
    assert {name: padded(PINNED[name]) for name in allowed} == {name: padded(least) for name, least in allowed.items()}
