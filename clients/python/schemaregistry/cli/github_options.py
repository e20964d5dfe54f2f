"""The options by which `bot review` asks GitHub what lets a change pass."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

from schemaregistry.errors import InvalidArgument

if TYPE_CHECKING:
    from schemaregistry.bot.consumers import Consumer
    from schemaregistry.bot.review import Review
    from schemaregistry.git import Repository

API: Final = "https://api.github.com"
ApiAddress: TypeAlias = Annotated[
    str, typer.Option("--api", metavar="URL", envvar="GITHUB_API_URL", help="GitHub's API.")
]


@dataclass(frozen=True, slots=True)
class PullRequestOptions:
    """A pull request on GitHub, whose label and approvals are asked for; none where `github` is ""."""

    github: Annotated[
        str,
        typer.Option("--github", metavar="OWNER/NAME", help="Ask GitHub for the override's label and for approvals."),
    ] = ""
    pull: Annotated[int | None, typer.Option("--pull", min=1, metavar="N", help="The number of the pull request.")] = (
        None
    )
    api: ApiAddress = API

    def lifted(self, review: "Review", repository: "Repository", consumers: "Sequence[Consumer]") -> "Review":
        """Return the review with what a code owner's label or an approval lifts; as it is where GitHub isn't asked.

        CODEOWNERS is read from git at the review's base. Raises InvalidArgument for half of the options, and as the
        methods of `GitHubApi` do.
        """
        if bool(self.github) != bool(self.pull):
            raise InvalidArgument("Give both --github OWNER/NAME and --pull N, or neither.", reason="BAD_OPTIONS")
        if self.pull is None:
            return review
        from schemaregistry.bot.approval_facts import OwnerNames, approval_facts
        from schemaregistry.bot.approvals import lift
        from schemaregistry.bot.code_owners import PLACES, owners_file
        from schemaregistry.bot.github_api import GitHubApi

        blobs = {place: blob for place in PLACES for blob in repository.files(review.base, place)[0].values()}
        raws = repository.blobs(list(blobs.values()))
        files = {place: raw for place, raw in zip(blobs, raws, strict=True) if raw is not None}
        with GitHubApi(self.github, os.environ.get("GITHUB_TOKEN", ""), self.api) as github:
            facts = approval_facts(github, self.pull, review.head)
            return lift(review, facts, owners_file(files), consumers, OwnerNames(github))
