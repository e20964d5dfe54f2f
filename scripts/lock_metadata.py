"""Find requirements that a lock file doesn't satisfy, by the metadata of the distributions that it pins.

With hashes in the lock, pip installs only what the lock pins. If a distribution requires `coverage[toml]` and the lock
pins `coverage` without the extra, some releases of pip look for a newer one, and the installation fails.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts.pythons import SUPPORTED

Asked = Mapping[str, list[Requirement]]
"""The requirements of each distribution, by its canonical name."""

PLATFORMS = (("linux", "Linux", "posix"), ("darwin", "Darwin", "posix"), ("win32", "Windows", "nt"))


def environments() -> Iterator[dict[str, str]]:
    """Yield the marker environment (PEP 508) of each supported Python on each platform."""
    here = {name: str(value) for name, value in default_environment().items()}
    for python, (platform, system, os_name) in product(SUPPORTED, PLATFORMS):
        there = {"sys_platform": platform, "platform_system": system, "os_name": os_name}
        yield here | there | {"python_version": python, "python_full_version": f"{python}.0"}


def pinned(lock: str) -> list[Requirement]:
    """Read the requirements of a lock file's text, without their hashes."""
    lines = lock.replace("\\\n", " ").splitlines()
    return [Requirement(line.split(" --hash=")[0].strip()) for line in lines if line.strip() and line[0] not in "#-"]


def read(metadata: Iterable[tuple[str, Iterable[str]]]) -> Asked:
    """Parse names with their `Requires-Dist` lines (Core metadata specification)."""
    return {canonicalize_name(name): [Requirement(line) for line in lines] for name, lines in metadata}


def unmet(lock: list[Requirement], asked: Asked) -> list[str]:
    """Sorted sentences about the requirements that the lock doesn't satisfy in some supported environment."""
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
    """The end of a sentence about how `pin` doesn't satisfy `wanted`; empty where it does."""
    if pin is None:
        return ", which is not locked"
    if missing := sorted(wanted.extras - pin.extras):
        return f"[{','.join(missing)}], which is locked without it"
    version = str(pin.specifier).removeprefix("==")
    if not wanted.specifier.contains(version, prereleases=True):
        return f"{wanted.specifier}, which is locked at {version}"
    return ""
