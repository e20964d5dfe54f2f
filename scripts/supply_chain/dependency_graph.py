"""Find which locked distributions require which, and which of them a plain installation needs, by their metadata."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

Pin = tuple[str, str]
"""Canonical name and version of a locked distribution."""


@dataclass(slots=True)
class RequirementGraph:
    """What the project requires directly, and what each distribution requires, in any supported environment."""

    direct: set[Pin] = field(default_factory=set)
    edges: dict[Pin, set[Pin]] = field(default_factory=dict)

    @property
    def reached(self) -> set[Pin]:
        """All that the direct requirements need."""
        return set(self.edges)


def requirement_graph(
    roots: Iterable[Requirement],
    lock: Sequence[Requirement],
    requires: Mapping[Pin, Sequence[str]],
    environments: Iterable[Mapping[str, str]],
) -> RequirementGraph:
    """Follow requirements from `roots` through a lock, in each environment (PEP 508), extras too.

    `requires` has the `Requires-Dist` lines of each pin.
    """
    graph = RequirementGraph()
    wanted = list(roots)
    parsed = {pin: [Requirement(line) for line in lines] for pin, lines in requires.items()}
    for environment in environments:
        there = [pin for pin in lock if not pin.marker or pin.marker.evaluate(dict(environment))]
        pins = {str(canonicalize_name(pin.name)): pin for pin in there}
        ahead = list(_pinned(wanted, pins, environment, ""))
        graph.direct |= {pin for pin, _ in ahead}
        seen: set[tuple[Pin, str]] = set()
        while ahead:
            at = ahead.pop()
            if at in seen:
                continue
            seen.add(at)
            pin, extra = at
            found = list(_pinned(parsed.get(pin, ()), pins, environment, extra))
            graph.edges.setdefault(pin, set()).update(to for to, _ in found if to != pin)
            ahead += found
    return graph


def _pinned(
    wanted: Iterable[Requirement], pins: Mapping[str, Requirement], environment: Mapping[str, str], extra: str
) -> Iterator[tuple[Pin, str]]:
    """The pins that meet requirements, once for the distribution itself ("") and once for each extra."""
    for requirement in wanted:
        if requirement.marker and not requirement.marker.evaluate(dict(environment) | {"extra": extra}):
            continue
        pin = pins.get(str(canonicalize_name(requirement.name)))
        if pin is not None:
            key = (str(canonicalize_name(pin.name)), str(pin.specifier).removeprefix("=="))
            for one in ("", *sorted(requirement.extras)):
                yield key, one
