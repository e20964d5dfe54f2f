"""`schemaregistry bot`: the commands of a repository of schemas, for pull requests and after the merge."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from schemaregistry import output_files
from schemaregistry.cli.say import say
from schemaregistry.terminal import inert, json_text

if TYPE_CHECKING:
    from schemaregistry.bot.review import Published, Review

app = typer.Typer(
    help="Reviews of pull requests over schemas. Exit codes: 0 passes, 1 blocked, 2 usage, 3 could not tell.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Form: TypeAlias = Literal["json", "markdown", "text"]
BLOCKED = 1


@app.callback()
def bot() -> None:
    """Review what a pull request does to schemas."""


@app.command()
def review(
    base: Annotated[str, typer.Option(metavar="REV", help="Where the change will be merged: a branch or commit.")],
    head: Annotated[str, typer.Option(metavar="REV", help="The change: a branch or commit.")] = "HEAD",
    repo: Annotated[Path, typer.Option(metavar="DIR", help="The git repository, or a directory in it.")] = Path(),
    schemas: Annotated[str, typer.Option(metavar="DIR", help="Its folder of schemas, from its top.")] = "schemas",
    seconds: Annotated[float, typer.Option(min=0.001, help="Time for the verdict on each schema.")] = 1.0,
    form: Annotated[Form, typer.Option("--format", help="How to show the review.")] = "text",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write it here instead of printing it.")
    ] = None,
) -> None:
    """Review what HEAD changes in the schemas of BASE: verdicts, versions, whom it breaks, and what blocks it.

    Both revisions are read from git; nothing is checked out. Without a registry, the versions at BASE count as
    published. Exit codes: 0 passes, 1 blocked, 2 usage, 3 could not tell.
    """
    found = _review(base, head, repo, schemas, seconds, published=None)
    shown = _shown(found, form)
    if output is None:
        say(shown)
    else:
        output_files.write(output, f"{shown}\n".encode())
    if found.blocked:
        raise typer.Exit(BLOCKED)


def _review(
    base: str, head: str, repo: Path, schemas: str, seconds: float, *, published: "Published | None"
) -> "Review":
    from schemaregistry.bot.consumers import FOLDER, declared, impacts
    from schemaregistry.bot.review import Reviewer
    from schemaregistry.bot.revisions import earlier_versions, read_change, yaml_files
    from schemaregistry.cli.compat_process import CompatProcess
    from schemaregistry.git import Repository

    repository = Repository.around(repo)
    folder = schemas.strip("/")
    change = read_change(repository, base, head, folder)
    sides = (yaml_files(repository, each.commit, f"{folder}/{FOLDER}") for each in (change.base, change.head))
    consumers, broken = declared(*sides)
    with CompatProcess() as judge:
        reviewer = Reviewer(
            judge,
            lambda file: earlier_versions(repository, file, change.base.commit),
            published,
            consumers=lambda found: impacts(consumers, found, judge.impact),
            broken_consumers=broken,
            seconds=seconds,
        )
        return reviewer.review(change)


def _shown(found: "Review", form: Form) -> str:
    from schemaregistry.bot.review_json import review_json
    from schemaregistry.bot.review_markdown import review_markdown
    from schemaregistry.bot.review_text import review_text

    if form == "json":
        return json_text(review_json(found), indent=2)
    if form == "markdown":
        return review_markdown(found)
    return inert(review_text(found))
