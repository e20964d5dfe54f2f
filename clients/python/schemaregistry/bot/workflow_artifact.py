"""Fetch the review that a run of a workflow left on GitHub, and find the pull request that the run was for.

The run may have been of a fork's code, which can leave anything there. So commit and pull request are those that
GitHub's API names for the run; of what the run left, one file is read in memory, held to the schema of reviews, and
refused where it is of another commit.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from lzma import LZMAError
from typing import Any, Final
from zipfile import BadZipFile, ZipFile

from schemaregistry.bot.github_api import GitHubApi
from schemaregistry.bot.review_input import MOST, read_review
from schemaregistry.bot.review_markdown import ReviewJson
from schemaregistry.errors import InvalidArgument, NotFound, TooLarge

ARTIFACT: Final = "schema-review"
FILE: Final = "review.json"
"""The one file within the artifact, a ZIP archive."""
_UNREADABLE: Final = (
    BadZipFile,
    zlib.error,
    LZMAError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    OSError,
)
"""What zipfile raises for an archive that is damaged, encrypted or of another kind; bz2 raises OSError."""
EVENTS: Final = ("pull_request", "pull_request_review")


@dataclass(frozen=True, slots=True)
class FetchedReview:
    """A review as its run wrote it, and the number of the pull request; None where `note` says why there is none."""

    raw: bytes
    pull: int | None
    note: str = ""


def fetch_review(github: GitHubApi, run: int, name: str = ARTIFACT) -> FetchedReview:
    """Return the review that the run left in its artifact `name`.

    There is no pull request where it was closed or has another head by now: a newer run is for that.

    Raises InvalidArgument (WRONG_RUN, BAD_ARTIFACT, BAD_REVIEW, WRONG_REVIEW), NotFound (NO_ARTIFACT), TooLarge, and
    as the methods of `GitHubApi` do.
    """
    with github.errors(f"read run {run}", "actions: read"):
        about = github.client.rest.actions.get_workflow_run(github.owner, github.name, run).json()
        event, head = str(about["event"]), str(about["head_sha"])
        source = about["head_repository"] or {}
        branch = f"{source['owner']['login']}:{about['head_branch']}" if source and about["head_branch"] else ""
    if event not in EVENTS:
        raise InvalidArgument(f"Run {run} is of the event {event!r}, not of a pull request.", reason="WRONG_RUN")
    raw = _file(_download(github, run, name))
    review = read_review(raw)
    if review["head"] != head:
        raise InvalidArgument(
            f"Run {run} was for {head[:12]}, and left a review of {str(review['head'])[:12]}: it isn't used.",
            reason="WRONG_REVIEW",
            pointer="/head",
        )
    found = _pulls(github, branch, head, source.get("id"))
    if not found:
        return FetchedReview(raw, None, f"No open pull request has the head {head[:12]} of run {run} (any more).")
    return FetchedReview(raw, _one(found, review))


def _pulls(github: GitHubApi, branch: str, head: str, source: object) -> list[Mapping[str, Any]]:
    """Return the open pull requests from a branch, `OWNER:NAME`, of the repository `source` whose head is a commit."""
    if not branch:
        return []
    with github.errors("list the pull requests", "pull-requests: read"):
        opened = github.pages(github.client.rest.pulls.list, state="open", head=branch)
        # The filter goes by the owner's name alone, who may have several forks.
        return [
            each
            for each in opened
            if each["head"]["sha"] == head and each["head"]["repo"] and each["head"]["repo"]["id"] == source
        ]


def _one(found: list[Mapping[str, Any]], review: ReviewJson) -> int:
    """Return the number of the pull request that was reviewed, among those with one head but different bases."""
    if len(found) > 1:
        found = [each for each in found if each["base"]["sha"] == review["base"]]
    if len(found) != 1:
        raise InvalidArgument(
            f"Several pull requests have the head {review['head'][:12]}, and none of them alone the reviewed base.",
            reason="WRONG_REVIEW",
            pointer="/base",
        )
    return int(found[0]["number"])


def _download(github: GitHubApi, run: int, name: str) -> bytes:
    """Return the newest artifact of a run with a name; a run that was started again may have several."""
    rest = github.client.rest.actions
    with github.errors(f"read what run {run} left", "actions: read"):
        listed = rest.list_workflow_run_artifacts(github.owner, github.name, run, name=name, per_page=100).json()
        artifacts = [each for each in listed["artifacts"] if each["name"] == name and not each["expired"]]
        newest = max(artifacts, key=lambda each: int(each["id"]), default=None)
    if newest is None:
        raise NotFound(
            f"Run {run} left no artifact {name!r}, or it has expired. Its log says why there is no review.",
            reason="NO_ARTIFACT",
        )
    with github.errors(f"download what run {run} left", "actions: read"):
        answer = rest.download_artifact(github.owner, github.name, int(newest["id"]), "zip", stream=True).raw_response
        raw = b""
        try:
            for part in answer.iter_bytes():
                raw += part
                if len(raw) > MOST:
                    break
        finally:
            answer.close()
    if len(raw) > MOST:
        raise _too_large()
    return raw


def _file(archive: bytes) -> bytes:
    """Return the one file of a ZIP archive, without writing anything."""
    try:
        with ZipFile(BytesIO(archive)) as opened:
            if opened.namelist() != [FILE]:
                raise _bad(f"It must hold {FILE} alone.")
            with opened.open(FILE) as file:
                # The size that the archive states may be wrong.
                raw = file.read(MOST + 1)
    except _UNREADABLE as error:
        raise _bad(f"It is no ZIP archive that can be read ({type(error).__name__}).") from None
    if len(raw) > MOST:
        raise _too_large()
    return raw


def _bad(why: str) -> InvalidArgument:
    return InvalidArgument(f"The artifact isn't what the review's workflow leaves. {why}", reason="BAD_ARTIFACT")


def _too_large() -> TooLarge:
    return TooLarge(f"The artifact has more than {MOST:,} bytes, the most that a review may have.", reason="TOO_LARGE")
