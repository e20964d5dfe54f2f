"""Groups of options: written once, and the same in each command that has them."""

from dataclasses import dataclass, fields
from typing import Annotated

import pytest
import typer
from typer.core import TyperOption
from typer.testing import CliRunner

from schemaregistry.cli.app import app
from schemaregistry.cli.connection_options import ConnectionOptions
from schemaregistry.cli.option_groups import with_groups


@dataclass(frozen=True)
class Group:
    where: Annotated[str, typer.Option("--where", envvar="WHERE", help="A place.")] = "here"
    names: Annotated[tuple[str, ...], typer.Option("--name", help="Repeatable.")] = ()


@with_groups
def command(word: str, loud: Annotated[bool, typer.Option("--loud")] = False, *, group: Group) -> None:
    print(word, loud, group)


@pytest.mark.parametrize(
    ("words", "group"),
    [
        ((), Group()),
        (("--where", "there", "--name", "a", "--name", "b"), Group("there", ("a", "b"))),
    ],
)
def test_a_command_takes_the_options_of_its_groups_as_one_value(words: tuple[str, ...], group: Group) -> None:
    commands = typer.Typer()
    commands.command()(command)
    done = CliRunner().invoke(commands, ["word", *words])
    assert done.output.strip() == f"word False {group}"


def test_every_command_that_reaches_the_registry_has_the_same_options() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    shown = {
        name: [
            (option.opts, option.envvar, option.help, option.default)
            for option in command.params
            if isinstance(option, TyperOption) and option.name in {field.name for field in fields(ConnectionOptions)}
        ]
        for name, command in commands.items()
        if name != "login"  # it reaches the exchanger, by a certificate and a CA for that one
    }
    having = {name: options for name, options in shown.items() if options}
    assert len(having) >= 11
    for options in having.values():
        assert options == having["get"]
        assert [names[0] for names, *_ in options] == ["--registry", "--ca", "--cert", "--key", "--token-file"]
