"""`schemaregistry bot`: the commands of a repository of schemas, for pull requests and after the merge."""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

import typer

from schemaregistry import output_files
from schemaregistry.cli.alert import send
from schemaregistry.cli.connection_options import AsJson, ConnectionOptions
from schemaregistry.cli.exit_codes import of_all
from schemaregistry.cli.fetch_review import fetch_review
from schemaregistry.cli.github_options import API, ApiAddress, PullRequestOptions
from schemaregistry.cli.option_groups import with_groups
from schemaregistry.cli.publish_outcome import registered, rehearsal, retracted_versions, tell
from schemaregistry.cli.say import say
from schemaregistry.terminal import inert, json_text

if TYPE_CHECKING:
    from schemaregistry.bot.observed_readers import ObservedReader
    from schemaregistry.bot.review import Review
    from schemaregistry.bot.revisions import ChangedRevisions
    from schemaregistry.client import Client
    from schemaregistry.git import Repository

app = typer.Typer(
    help="Reviews of pull requests over schemas. Exit codes: 0 passes, 1 blocked, 2 usage, 3 could not tell.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Form: TypeAlias = Literal["json", "markdown", "text"]
RepositoryName: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        envvar=["GITHUB_REPOSITORY", "CI_PROJECT_PATH"],
        help="The repository's name, which is kept with each version that it publishes.",
    ),
]
DriftWebhook: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--slack-webhook",
        envvar="SCHEMAREGISTRY_SLACK_WEBHOOK",
        help="Is told of all differences in one message. A secret: an option shows in the machine's list of "
        "processes, so set the variable.",
    ),
]
BLOCKED: Final = 1
SECONDS: Final = 30.0
"""How long one call to the registry may take."""
PUBLISH_SECONDS: Final = 60.0
"""How long registering one version may take, which the registry judges against those before it."""


@app.callback()
def bot() -> None:
    """Review what a pull request does to schemas."""


@app.command()
@with_groups
def review(
    context: typer.Context,
    base: Annotated[str, typer.Option(metavar="REV", help="Where the change will be merged: a branch or commit.")],
    head: Annotated[str, typer.Option(metavar="REV", help="The change: a branch or commit.")] = "HEAD",
    staged: Annotated[
        bool, typer.Option("--staged", help="Review what is staged for the next commit, in the place of --head.")
    ] = False,
    repo: Annotated[Path, typer.Option(metavar="DIR", help="The git repository, or a directory in it.")] = Path(),
    schemas: Annotated[str, typer.Option(metavar="DIR", help="Its folder of schemas, from its top.")] = "schemas",
    seconds: Annotated[float, typer.Option(min=0.001, max=3600, help="Time for the verdict on each schema.")] = 1.0,
    form: Annotated[Form, typer.Option("--format", help="How to show the review.")] = "text",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write it here instead of printing it.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE", help="Write it as Markdown here, too.")
    ] = None,
    *,
    pull_request: PullRequestOptions,
    connection: ConnectionOptions,
) -> None:
    """Review what HEAD changes in the schemas of BASE: verdicts, versions, whom it breaks, and what blocks it.

    Both revisions are read from git; nothing is checked out. The registry is asked where --registry (or its variable)
    names it; otherwise the versions at BASE count as published. With --github and --pull a code owner's label
    schema-override and approvals by owners of consumers let a change pass; the token in GITHUB_TOKEN only reads.

    Exit codes: 0 passes, 1 blocked, 2 usage, 3 could not tell.
    """
    if staged and _is_given(context, "head"):
        raise typer.BadParameter("what is staged has no --head: give one of both.", param_hint="--staged")
    with ExitStack() as stack:
        client = None
        if _is_given(context, "registry"):
            client = stack.enter_context(connection.client(timeout=SECONDS))
        found = _review(base, None if staged else head, repo, schemas, seconds, client, pull_request)
    shown = _shown(found, form)
    if output is None:
        say(shown)
    else:
        output_files.write(output, f"{shown}\n".encode())
    if markdown is not None:
        output_files.write(markdown, f"{_shown(found, 'markdown')}\n".encode())
    if found.blocked:
        raise typer.Exit(BLOCKED)


@app.command()
def comment(
    review: Annotated[Path, typer.Option(metavar="FILE", help="The review: `bot review --format json -o FILE`.")],
    github: Annotated[str, typer.Option(metavar="OWNER/NAME", help="The repository on GitHub.")],
    pull: Annotated[int, typer.Option(min=1, metavar="N", help="The number of the pull request.")],
    api: ApiAddress = API,
    rest: Annotated[str, typer.Option(metavar="URL", help="A page with the whole review, such as its run's.")] = "",
    check: Annotated[bool, typer.Option(help="Create the check run, too; that takes the token of an app.")] = True,
) -> None:
    """Put a review on its pull request: one comment, which later reviews replace, and a check run with annotations.

    The token is in GITHUB_TOKEN; it needs the rights pull-requests: write and checks: write. Nothing is posted where
    the pull request has moved on since the review.

    Exit codes: 0 posted, or moved on, 2 usage, 3 could not post.
    """
    from schemaregistry.bot.github_api import GitHubApi
    from schemaregistry.bot.posting import post_review
    from schemaregistry.bot.review_input import read_review_file

    found = read_review_file(review)
    with GitHubApi(github, os.environ.get("GITHUB_TOKEN", ""), api) as asked:
        say(post_review(asked, found, pull, rest, check=check))


app.command("fetch-review")(fetch_review)


@app.command()
@with_groups
def drift(
    rev: Annotated[str, typer.Option(metavar="REV", help="The branch or commit that should be published.")] = "HEAD",
    repo: Annotated[Path, typer.Option(metavar="DIR", help="The git repository, or a directory in it.")] = Path(),
    schemas: Annotated[str, typer.Option(metavar="DIR", help="Its folder of schemas, from its top.")] = "schemas",
    repository: RepositoryName = "",
    slack_webhook: DriftWebhook = None,
    as_json: AsJson = False,
    *,
    connection: ConnectionOptions,
) -> None:
    """Compare the schemas of a git revision with the registry: which versions only one of them has, or has otherwise.

    With --repository, schemas that another repository published are left to that one.

    Exit codes: 0 alike, 1 they differ, 2 usage, 3 could not tell.
    """
    from schemaregistry.bot.drift import differences, drift_json, drift_text, published_elsewhere
    from schemaregistry.bot.revisions import earlier_versions, folder_path, read_tip
    from schemaregistry.bot.states import states_of
    from schemaregistry.cli.publish_states import state_differences
    from schemaregistry.git import Repository

    git, folder = Repository.around(repo), folder_path(schemas)
    revision = read_tip(git, rev, folder)
    with connection.client(timeout=SECONDS) as client:
        ids = [each.id for each in client.list_schemas()]
        versions = {id: list(client.list_versions(id)) for id in ids}
    for id in published_elsewhere(
        revision, {id: found[-1].origin.repository for id, found in versions.items()}, repository
    ):
        del versions[id]
    there = {id: {each.version: each.fingerprint for each in versions[id]} for id in versions}
    retracted = {id: [each.version for each in versions[id] if each.state == "retracted"] for id in versions}
    found = [
        *differences(revision, there, lambda file: earlier_versions(git, file, revision.commit), retracted),
        *state_differences(states_of(git, revision.commit, folder), versions),
    ]
    say(json_text(drift_json(found, revision.commit)) if as_json else drift_text(found, revision.commit))
    if found:
        if slack_webhook:
            from schemaregistry.alerts import slack

            send(slack_webhook, slack.drifted(revision.commit, [each.text for each in found]))
        raise typer.Exit(1)


@app.command()
@with_groups
def publish(
    rev: Annotated[str, typer.Option(metavar="REV", help="The branch or commit to publish.")] = "HEAD",
    repo: Annotated[Path, typer.Option(metavar="DIR", help="The git repository, or a directory in it.")] = Path(),
    schemas: Annotated[str, typer.Option(metavar="DIR", help="Its folder of schemas, from its top.")] = "schemas",
    repository: RepositoryName = "",
    pull_request: Annotated[
        str, typer.Option(metavar="N", help="The pull request; read from the merge's message where it isn't named.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing: say what would become of it.")] = False,
    as_json: AsJson = False,
    *,
    connection: ConnectionOptions,
) -> None:
    """Publish what a git revision has and the registry hasn't: every version since, in the order of its history.

    Commit, path and pull request are kept with each version, and states are set as the folder `states` has them. It can
    be run again at any time, also after it was killed: what is there already stays as it is. A line tells what became
    of each version and state (with --json an object a line). Where a document is refused, others go on.

    Exit codes: 0 all are published, 1 the registry judged one and refused it, 2 usage, 3 could not publish or set one:
    no right to, no token, or no registry.
    """
    from schemaregistry.bot.revisions import folder_path, read_tip, require_history
    from schemaregistry.bot.states import states_of
    from schemaregistry.cli.compat_process import CompatProcess
    from schemaregistry.cli.publish_revision import RevisionPublisher
    from schemaregistry.cli.publish_states import StatePublisher
    from schemaregistry.git import Repository

    git = Repository.around(repo)
    require_history(git)
    folder = folder_path(schemas)
    revision = read_tip(git, rev, folder)
    with ExitStack() as stack:
        # Of the dev certificates only ci-bot's may publish.
        client = stack.enter_context(connection.client(identity="ci-bot", timeout=PUBLISH_SECONDS))
        # Before the documents: where a version is retracted, a lower one may be published.
        states = StatePublisher(client, states_of(git, revision.commit, folder), dry_run=dry_run, as_json=as_json)
        codes = [states.tell_first()]
        judge = stack.enter_context(CompatProcess()) if dry_run else None
        instead = rehearsal(client, judge, retracted=states.in_git.retracted) if judge else None
        rehearsed = set()
        for file, outcome in RevisionPublisher(git, revision, client, repository, pull_request, instead).outcomes():
            tell(file.path, outcome, as_json=as_json)
            codes.append(outcome.exit_code)
            if outcome.result == "would be created":
                rehearsed.add((outcome.id, outcome.version))
        codes.append(states.tell_later(rehearsed))
    raise typer.Exit(of_all(codes))


def _published(client: "Client", id: str) -> Mapping[str, bytes]:
    return {version: document.raw for version, document in registered(client, id).items()}


def _observed(client: "Client", id: str) -> "list[ObservedReader]":
    from schemaregistry.bot.observed_readers import ObservedReader

    return [
        ObservedReader(each.identity, tuple(each.versions), each.reads, each.first_seen, each.last_seen)
        for each in client.list_consumers(id)
    ]


def _is_given(context: typer.Context, option: str) -> bool:
    """Tell whether an option or its variable was set."""
    source = context.get_parameter_source(option)
    return source is not None and source.name != "DEFAULT"


def _review(
    base: str,
    head: str | None,
    repo: Path,
    schemas: str,
    seconds: float,
    client: "Client | None",
    pull_request: PullRequestOptions,
) -> "Review":
    from schemaregistry.bot.consumers import FOLDER, declared, impacts, slips, stated
    from schemaregistry.bot.deleted_documents import VersionsInGit
    from schemaregistry.bot.observed_readers import ObservedReaders
    from schemaregistry.bot.review import Blocker, Reviewer, ReviewNote
    from schemaregistry.bot.revisions import folder_path, yaml_files
    from schemaregistry.bot.states import FOLDER as STATES
    from schemaregistry.bot.states import state_notes, states_of
    from schemaregistry.bot.suggestions import Suggester
    from schemaregistry.bot.unknown_versions import UnknownVersions, documents_not_read, files_not_read
    from schemaregistry.cli.compat_process import CompatProcess
    from schemaregistry.git import Repository

    repository = Repository.around(repo)
    folder = folder_path(schemas)
    change = _change(repository, base, head, folder)
    before, at_base, after = (
        states_of(repository, each.commit, folder) for each in (change.fork, change.base, change.head)
    )
    sides = [yaml_files(repository, each.commit, f"{folder}/{FOLDER}") for each in (change.base, change.head)]
    consumers, broken = declared(*sides)
    at_head = stated(sides[1])
    published = cache(partial(_published, client)) if client else None
    unknown = UnknownVersions(repository, change, published)
    of_states = list(unknown.in_states(after.stated))
    doubts = [
        *unknown.in_ranges(at_head),
        *(each for each in of_states if isinstance(each, ReviewNote)),
        *documents_not_read(repository, change.head.commit, folder),
        *files_not_read(repository, change.head.commit, (f"{folder}/{name}" for name in (FOLDER, STATES))),
    ]
    observed = ObservedReaders(partial(_observed, client), client.whoami().identity, consumers) if client else None
    with CompatProcess() as judge:
        reviewer = Reviewer(
            judge,
            VersionsInGit(repository, change, folder),
            published,
            consumers=lambda found: (
                *impacts(consumers, found, judge.impact),
                *(observed.impacts(found) if observed else ()),
            ),
            broken_files=(*broken, *after.faults, *(each for each in of_states if isinstance(each, Blocker))),
            notes=(*slips(at_head, change, judge.parse, published), *doubts, *state_notes(before, after)),
            retracted=cache(partial(retracted_versions, client)) if client else at_base.retracted,
            suggest=Suggester(judge, lambda found: impacts(consumers, found, judge.impact), seconds),
            seconds=seconds,
        )
        made = reviewer.review(change)
    made = replace(made, notes=(*made.notes, *observed.notes)) if observed else made
    return pull_request.lifted(made, repository, consumers)


def _change(repository: "Repository", base: str, head: str | None, folder: str) -> "ChangedRevisions":
    """Read what changed between two revisions; without `head`, what is staged."""
    from schemaregistry.bot.revisions import read_change

    tip = repository.staged() if head is None else head
    if head is None and base == "HEAD" and not repository.commit(base):
        base = f"{tip}^"  # before the first commit
    change = read_change(repository, base, tip, folder)
    if head == "HEAD" and repository.has_uncommitted(folder):
        say(f"note: what isn't committed in {folder} isn't reviewed; `git add` it and give --staged.", err=True)
    return change


def _shown(found: "Review", form: Form) -> str:
    from schemaregistry.bot.review_json import review_json
    from schemaregistry.bot.review_markdown import review_markdown
    from schemaregistry.bot.review_text import review_text

    if form == "json":
        return json_text(review_json(found), indent=2)
    if form == "markdown":
        return review_markdown(review_json(found))
    return inert(review_text(found))
