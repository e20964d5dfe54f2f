"""Options that several commands share, as a dataclass whose fields are options: each group is written once."""

from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Annotated, Any, get_args, get_origin, get_type_hints


def with_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of its parameters that are groups, in the place of each.

    A group is a dataclass; each of its fields has a type with a `typer.Option`, and a default. A field that is a tuple
    of texts is an option that may be given more than once.
    """
    hints = get_type_hints(command, include_extras=True)
    groups = {name: kind for name, kind in hints.items() if isinstance(kind, type) and is_dataclass(kind)}
    shown = [each for own in signature(command).parameters.values() for each in _expanded(own, hints[own.name])]

    @wraps(command)
    def run(**said: Any) -> None:
        for name, group in groups.items():
            said[name] = group(**{field.name: _taken(field, said.pop(field.name)) for field in fields(group)})
        command(**said)

    # What typer reads: the signature and the annotations, both without the groups.
    run.__signature__ = Signature(shown)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in shown}
    return run


def _expanded(own: Parameter, hint: Any) -> Iterator[Parameter]:
    if not (isinstance(hint, type) and is_dataclass(hint)):
        yield own.replace(kind=Parameter.KEYWORD_ONLY, annotation=hint)
        return
    hints = get_type_hints(hint, include_extras=True)
    for field in fields(hint):
        annotation, default = _repeatable(hints[field.name], field.default)
        assert default is not MISSING, f"{hint.__name__}.{field.name} has no default"
        yield Parameter(field.name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _repeatable(hint: Any, default: Any) -> tuple[Any, Any]:
    """A tuple of texts as what typer has for it."""
    kind, *options = get_args(hint)
    return (Annotated[list[str] | None, *options], None) if get_origin(kind) is tuple else (hint, default)


def _taken(field: Field[Any], value: Any) -> Any:
    return tuple(value or ()) if isinstance(field.default, tuple) else value
