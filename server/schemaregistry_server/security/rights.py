"""What a caller may do: rights over schemas by patterns of their ids, and the settings that give them to names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from schemaregistry.errors import InvalidArgument, RegistryError
from schemaregistry_server.security.id_patterns import check_pattern

EVERY_ID: Final = ("*",)


@dataclass(frozen=True, slots=True)
class Rights:
    """A caller's rights: whether it may read, and the patterns of the ids that it may publish and operate.

    To operate an id is to set the states of its versions.
    """

    read: bool = True
    publish: tuple[str, ...] = ()
    operate: tuple[str, ...] = ()

    @property
    def roles(self) -> tuple[str, ...]:
        """The names of the roles that these rights amount to."""
        held = (("reader", self.read), ("publisher", self.publish), ("operator", self.operate))
        return tuple(name for name, has in held if has)


@dataclass(frozen=True, slots=True)
class RightsByName:
    """The rights that the settings give to the names of certificates: SPIFFE ids, or common names.

    `readers` is None where every name may read.
    """

    publishers: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    operators: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    readers: frozenset[str] | None = None

    def of(self, name: str) -> Rights:
        """The rights of one name. Whoever may publish or operate may read, too."""
        publish, operate = self.publishers.get(name, ()), self.operators.get(name, ())
        return Rights(self.readers is None or name in self.readers or bool(publish or operate), publish, operate)


def patterns_by_name(rules: Iterable[str], option: str) -> Mapping[str, tuple[str, ...]]:
    """Read rules of the form NAME, for every id, or NAME=PATTERN,PATTERN.

    The last `=` counts, so a common name with one in it needs its patterns written out. Raises InvalidArgument
    (BAD_RULE), naming the option and the rule.
    """
    found: dict[str, tuple[str, ...]] = {}
    for rule in rules:
        name, stated, patterns = rule.rpartition("=")
        name, ids = (name, tuple(patterns.split(","))) if stated else (rule, EVERY_ID)
        if not name.strip():
            raise InvalidArgument(f"{option} {rule!a} names nobody. {_FORM}", reason="BAD_RULE")
        try:
            checked = tuple(map(check_pattern, ids))
        except RegistryError as wrong:
            raise InvalidArgument(f"{option} {rule!a}: {wrong.message} {_FORM}", reason="BAD_RULE") from wrong
        found[name] = tuple(dict.fromkeys((*found.get(name, ()), *checked)))
    return MappingProxyType(found)


_FORM: Final = "Write NAME for every id, or NAME=PATTERN,PATTERN, as in spiffe://prod/ci-bot=ticks_*,bars_v1."
