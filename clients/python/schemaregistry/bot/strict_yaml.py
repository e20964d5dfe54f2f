"""Read the YAML files of a repository of schemas as plain values, dates as the texts that they are."""

from collections.abc import Hashable
from typing import Any, Final

from schemaregistry.errors import InvalidArgument, MissingExtra

try:
    import yaml
except ModuleNotFoundError:
    raise MissingExtra(
        "Consumers and states are read with PyYAML: pip install 'schemaregistry[bot]'", reason="MISSING_EXTRA"
    ) from None

MOST: Final = 256 << 10
"""Bytes of one file."""


def read_yaml(raw: bytes) -> Any:
    """Read one file; raises InvalidArgument (NOT_YAML, TOO_LARGE)."""
    if len(raw) > MOST:
        raise InvalidArgument(f"It has {len(raw):,} bytes; {MOST:,} are the most.", reason="TOO_LARGE")
    try:
        return yaml.load(raw, _Loader)  # noqa: S506 (a safe loader: it makes nothing but plain values)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise InvalidArgument(
            f"It is no YAML that can be read: {' '.join(str(error).split())}.", reason="NOT_YAML"
        ) from None


class _Loader(yaml.SafeLoader):
    """YAML 1.1 as PyYAML reads it; refuses aliases and repeated keys, which silently change what a file means."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]  # types-PyYAML leaves it out
            raise yaml.MarkedYAMLError(problem="an alias (*name); write the value out", problem_mark=event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value!r} occurs twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


# A date stays the text that it is: PyYAML would make values of Python's own of 2027-01-31.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
