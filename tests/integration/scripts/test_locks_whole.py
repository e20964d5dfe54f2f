"""Every lock of ours pins all that its distributions ask for, extras too: pip refuses what a lock with hashes lacks."""

import subprocess
from pathlib import Path

import pytest

from scripts.lock_metadata import Asked, pinned, read, unmet
from scripts.supply_chain.licence_facts import known_facts
from scripts.supply_chain.locked_packages import all_locks

ROOT = Path(__file__).resolve().parents[3]
LOCKS = sorted(
    lock
    for lock, packages in all_locks().items()
    if lock.endswith(".txt") and any(package.ecosystem == "PyPI" for package in packages)
)


def metadata(lock: str) -> Asked:
    """What the lock's distributions ask for, as `make licences` had it from the index."""
    facts = known_facts()["PyPI"]
    pins = [(one.name, one.version) for one in all_locks()[lock] if one.ecosystem == "PyPI"]
    assert [pin for pin in pins if pin not in facts] == [], "not listed yet: run 'make licences'"
    return read((name, facts[name, version].requires) for name, version in pins)


@pytest.mark.parametrize("lock", LOCKS)
def test_it_pins_every_name_extra_and_version_that_is_asked_for(lock: str) -> None:
    asked, pins = metadata(lock), pinned((ROOT / lock).read_text())
    assert {pin.name for pin in pins if pin.marker is None} <= set(asked)
    assert unmet(pins, asked) == []


def test_every_lock_of_ours_is_among_them() -> None:
    listed = subprocess.run(["git", "grep", "-l", "--", "--hash=sha256:"], cwd=ROOT, check=True, capture_output=True)
    locks = [path for path in listed.stdout.decode().split() if path.endswith(".txt")]
    assert sorted(locks) == LOCKS


ASKED = read(
    [
        ("pytest-cov", ["Coverage[toml]>=7.10.6", "pluggy; extra == 'testing'"]),
        (
            "coverage",
            ["tomli; python_full_version <= '3.11.0a6' and extra == 'toml'", "rich[jupyter]; extra == 'toml'"],
        ),
        ("rich", ["ipywidgets; extra == 'jupyter'"]),
        ("click", ["colorama; platform_system == 'Windows'"]),
    ]
)


LOCK = """\
pytest-cov==7.0
coverage[toml]==7.17.4 \\
    --hash=sha256:00
rich[jupyter]==1
ipywidgets==8
click==8
colorama==1 ; sys_platform == 'win32'
"""


def whole(*changes: tuple[str, str]) -> list[str]:
    lock = LOCK
    for old, new in changes:
        assert old in lock
        lock = lock.replace(old, new)
    return unmet(pinned(lock), ASKED)


def test_a_lock_with_its_extras_lacks_nothing() -> None:
    assert whole() == []


def test_an_extra_that_is_stripped_is_named_with_who_asks() -> None:
    assert whole(("[toml]", "")) == ["pytest-cov asks for Coverage[toml], which is locked without it"]


def test_an_extra_that_an_extra_asks_for_is_looked_for_too() -> None:
    asked = ["coverage asks for rich[jupyter], which is locked without it"]
    assert whole(("[jupyter]", "")) == asked
    assert whole(("ipywidgets==8\n", "")) == ["rich asks for ipywidgets, which is not locked"]


def test_another_system_is_looked_at_from_here() -> None:
    assert whole(("colorama==1 ; sys_platform == 'win32'\n", "")) == ["click asks for colorama, which is not locked"]


def test_a_version_that_is_too_old_is_named() -> None:
    assert whole(("7.17.4", "7.9")) == ["pytest-cov asks for Coverage>=7.10.6, which is locked at 7.9"]
