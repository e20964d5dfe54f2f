"""What a lock lacks, by the metadata of the distributions that it pins: names, extras and versions that they ask for.

pip takes nothing from a lock with hashes that the lock doesn't pin: `coverage[toml]` asked for beside a pinned
`coverage` sends some releases of pip to look for a newer one, and the installation ends.
"""

from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import distributions
from itertools import product
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts.pythons import SUPPORTED

Asked = Mapping[str, list[Requirement]]
"""What each distribution asks for, by its canonical name."""

PLATFORMS = (("linux", "Linux", "posix"), ("darwin", "Darwin", "posix"), ("win32", "Windows", "nt"))


def environments() -> Iterator[dict[str, str]]:
    """The supported Pythons on each system, as markers see them (PEP 508)."""
    here = {name: str(value) for name, value in default_environment().items()}
    for python, (platform, system, os_name) in product(SUPPORTED, PLATFORMS):
        there = {"sys_platform": platform, "platform_system": system, "os_name": os_name}
        yield here | there | {"python_version": python, "python_full_version": f"{python}.0"}


def pinned(lock: str) -> list[Requirement]:
    """The entries of a requirements file, without their hashes."""
    lines = lock.replace("\\\n", " ").splitlines()
    return [Requirement(line.split(" --hash=")[0].strip()) for line in lines if line.strip() and line[0] not in "#-"]


def installed(site: Path) -> Asked:
    """What the distributions in a site-packages folder ask for."""
    return read((found.name, found.requires or []) for found in distributions(path=[str(site)]))


def read(metadata: Iterable[tuple[str, Iterable[str]]]) -> Asked:
    """Names with their `Requires-Dist` lines (Core metadata)."""
    return {canonicalize_name(name): [Requirement(line) for line in lines] for name, lines in metadata}


def unmet(lock: list[Requirement], asked: Asked) -> list[str]:
    """Who asks for what that the lock doesn't pin, in any of the supported environments: sorted lines to show."""
    return sorted({line for environment in environments() for line in _unmet(lock, asked, environment)})


def _unmet(lock: list[Requirement], asked: Asked, environment: dict[str, str]) -> Iterator[str]:
    there = {canonicalize_name(pin.name): pin for pin in lock if not pin.marker or pin.marker.evaluate(environment)}
    ahead = [(name, extra) for name, pin in there.items() for extra in ("", *pin.extras)]
    seen = set(ahead)
    while ahead:
        name, extra = ahead.pop()
        for wanted in asked.get(name, []):
            if wanted.marker and not wanted.marker.evaluate(environment | {"extra": extra}):
                continue
            pin = there.get(canonicalize_name(wanted.name))
            if lacks := _lacks(wanted, pin):
                yield f"{name} asks for {wanted.name}{lacks}"
            more = {(canonicalize_name(wanted.name), further) for further in wanted.extras} - seen
            seen |= more
            ahead.extend(more)


def _lacks(wanted: Requirement, pin: Requirement | None) -> str:
    """What of a wish is not pinned, empty where all is."""
    if pin is None:
        return ", which is not locked"
    if missing := sorted(wanted.extras - pin.extras):
        return f"[{','.join(missing)}], which is locked without it"
    version = str(pin.specifier).removeprefix("==")
    if not wanted.specifier.contains(version, prereleases=True):
        return f"{wanted.specifier}, which is locked at {version}"
    return ""
