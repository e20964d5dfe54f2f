"""Groups of options that several commands share, each written once as a dataclass whose fields are options."""

from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Annotated, Any, get_args, get_origin, get_type_hints


def with_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Replace each parameter of a command that is a group by the group's options, at the same place.

    A group is a dataclass whose fields each have a type with a `typer.Option`, and a default. A field that is a tuple
    of texts is an option that may be repeated.
    """
    hints = get_type_hints(command, include_extras=True)
    groups = {name: kind for name, kind in hints.items() if isinstance(kind, type) and is_dataclass(kind)}
    shown = [each for own in signature(command).parameters.values() for each in _expanded(own, hints[own.name])]

    @wraps(command)
    def run(**arguments: Any) -> None:
        for name, group in groups.items():
            arguments[name] = group(
                **{field.name: _as_tuple(field, arguments.pop(field.name)) for field in fields(group)}
            )
        command(**arguments)

    # Typer reads the options from the signature and the annotations.
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
    """Return the type and default by which typer knows a repeatable option: a list, with None for no value."""
    kind, *options = get_args(hint)
    return (Annotated[list[str] | None, *options], None) if get_origin(kind) is tuple else (hint, default)


def _as_tuple(field: Field[Any], value: Any) -> Any:
    return tuple(value or ()) if isinstance(field.default, tuple) else value
