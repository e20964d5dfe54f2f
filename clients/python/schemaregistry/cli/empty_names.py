"""Refuse empty names (from an unset shell variable), which Python would read as the current directory."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo, OptionInfo, ParameterInfo

_EMPTY: Final = "an empty name names nothing: is a variable unset?"


def refuse_empty(command: Callable[..., Any]) -> None:
    """Make every path of a command, and every argument that is a name, refuse an empty one."""
    for hint in get_type_hints(command, include_extras=True).values():
        if get_origin(hint) is Annotated:
            kind, *described = get_args(hint)
            kinds = set(_kinds(kind))
            for each in described:
                if isinstance(each, ParameterInfo) and Path in kinds:
                    each.parser = _path
                    # Else the help would show the parser's name.
                    each.metavar = each.metavar or ("<path>" if isinstance(each, OptionInfo) else None)
                elif isinstance(each, ArgumentInfo) and str in kinds:
                    each.parser = _name


def _kinds(hint: Any) -> Iterator[Any]:
    """Yield a type and all that it is made of: of `list[str] | None` also `str`."""
    yield hint
    for part in get_args(hint):
        yield from _kinds(part)


def _path(name: str) -> Path:
    return Path(_name(name))


def _name(name: str) -> str:
    if not str(name):
        raise typer.BadParameter(_EMPTY)
    return name
