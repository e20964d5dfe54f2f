"""Read the YAML files of a repository of schemas as plain values, dates as the texts that they are."""

import json
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
DEEPEST: Final = 64
"""Levels of lists and mappings in one file: far more than a declaration takes, and fewer than the validator bears."""
_TEXT: Final = "tag:yaml.org,2002:str"
_PLAIN: Final = ("null", "bool", "int", "float", "str", "seq", "map")
"""The tags of JSON's values."""


def read_yaml(raw: bytes) -> Any:
    """Read one file as a value of JSON; raises InvalidArgument (NOT_YAML, EMPTY, TOO_LARGE)."""
    if len(raw) > MOST:
        raise InvalidArgument(f"It has {len(raw):,} bytes; {MOST:,} are the most.", reason="TOO_LARGE")
    try:
        value = yaml.load(raw, _Loader)  # noqa: S506 (a safe loader: it makes nothing but plain values)
        # Texts with half a surrogate pair (`"\ud800"`) can't be written or compared anywhere.
        json.dumps(value, ensure_ascii=False).encode()
    except yaml.YAMLError as error:
        raise _unread(" ".join(str(error).split())) from None
    except RecursionError:
        raise _too_deep() from None
    except UnicodeError:
        raise _unread("a text in it isn't valid Unicode") from None
    except (ValueError, LookupError, OverflowError):  # as PyYAML raises where a scalar isn't what its tag says
        raise _unread("a number or boolean in it can't be read; put it into quotes if it is a text") from None
    if value is None:
        raise InvalidArgument("It is empty: delete the file, or write what it should state.", reason="EMPTY")
    if _depth(value) > DEEPEST:
        raise _too_deep()
    return value


def _unread(why: str) -> InvalidArgument:
    return InvalidArgument(f"It is no YAML that can be read: {why}.", reason="NOT_YAML")


def _too_deep() -> InvalidArgument:
    return _unread(f"its values are nested in more than {DEEPEST} levels")


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0)


class _Loader(yaml.SafeLoader):
    """YAML 1.1 as PyYAML reads it, with the values of JSON alone.

    Refuses aliases, merges (`<<`) and repeated keys, which silently change what a file means.
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]  # types-PyYAML leaves it out
            raise yaml.MarkedYAMLError(problem="an alias (*name); write the value out", problem_mark=event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag != _TEXT:
                problem = "a key that is no text; put it into quotes"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value!r} occurs twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


# A date stays the text that it is: PyYAML would make values of Python's own of 2027-01-31.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
# Without a constructor a tag such as !!binary or !!set is refused.
_Loader.yaml_constructors = {
    tag: make
    for tag, make in yaml.SafeLoader.yaml_constructors.items()
    if tag is None or tag in {f"tag:yaml.org,2002:{name}" for name in _PLAIN}
}
