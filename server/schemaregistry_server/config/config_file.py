"""Read the TOML file of `serve --config`, whose keys are the names of `serve`'s options (`options.py`)."""

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import typer

BY_NAME: Final = ("publisher", "operator")
"""Settings that may be a table from a name to a list of patterns of ids, beside a list of names."""


def read(context: typer.Context, path: Path | None) -> Path | None:
    """Use the file's values as defaults of the options; the command line and the environment override them.

    Raises typer.BadParameter, naming the file, for invalid TOML, an unknown option, or a list in place of one value.
    """
    if path is not None:
        try:
            found = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as failed:
            raise typer.BadParameter(f"{path} can't be read as TOML: {failed}") from failed
        context.default_map = _values(context, path, found)
    return path


def _values(context: typer.Context, path: Path, found: Mapping[str, object]) -> dict[str, object]:
    options = {str(option.name): option for option in context.command.params if option.name not in {"config", "help"}}
    values: dict[str, object] = {}
    for key, value in found.items():
        name = key.replace("-", "_")
        if name not in options:
            near = difflib.get_close_matches(name, options, n=1)
            hint = f" Did you mean {near[0].replace('_', '-')}?" if near else ""
            raise typer.BadParameter(f"{path}: there is no setting {key}.{hint}")
        # A single value where a list is due would be taken apart into characters.
        lists = options[name].nargs != 1 or getattr(options[name], "multiple", False)
        if isinstance(value, dict) and name in BY_NAME:
            value = _rules(path, key, value)  # noqa: PLW2901
        if isinstance(value, dict) or isinstance(value, list) != lists:
            raise typer.BadParameter(f"{path}: {key} must be {'a list' if lists else 'one value'}.")
        values[name] = value
    return values


def _rules(path: Path, key: str, table: Mapping[str, object]) -> list[str]:
    """Write a table in the form of the option: NAME=PATTERN,PATTERN."""
    for name, patterns in table.items():
        if not isinstance(patterns, list) or not patterns or not all(isinstance(each, str) for each in patterns):
            raise typer.BadParameter(f'{path}: {key}."{name}" must be a list of ids or patterns, as in ["ticks_*"].')
    return [f"{name}={','.join(patterns)}" for name, patterns in table.items() if isinstance(patterns, list)]
