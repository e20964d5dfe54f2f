"""`schemaregistry bot fetch-review`: fetch what a run of the review's workflow left, to be posted by `bot comment`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from schemaregistry import output_files
from schemaregistry.cli.github_options import API, ApiAddress
from schemaregistry.cli.say import say


def fetch_review(
    github: Annotated[str, typer.Option(metavar="OWNER/NAME", help="The repository on GitHub.")],
    run: Annotated[int, typer.Option(min=1, metavar="ID", help="The run of the workflow that made the review.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Where to write the review.")],
    artifact: Annotated[str, typer.Option(metavar="NAME", help="The artifact with the review.")] = "schema-review",
    api: ApiAddress = API,
) -> None:
    """Fetch the review that a run of a workflow left, and print the number of its pull request.

    It is refused unless it is a review of the commit that GitHub names for the run. Nothing is printed where no open
    pull request has that commit as its head any more. The token in GITHUB_TOKEN needs the rights actions: read and
    pull-requests: read.

    Exit codes: 0 fetched, 2 there is no such review, 3 could not fetch it.
    """
    from schemaregistry.bot.github_api import GitHubApi
    from schemaregistry.bot.workflow_artifact import fetch_review as fetched

    with GitHubApi(github, os.environ.get("GITHUB_TOKEN", ""), api) as asked:
        found = fetched(asked, run, artifact)
    output_files.write(output, found.raw)
    if found.pull is None:
        say(found.note, err=True)
    else:
        say(str(found.pull))
