"""Ask GitHub's REST API about one repository, by githubkit: its pull requests, comments and check runs.

Each call is tried again after a server error, 429 and a secondary rate limit, and after nothing else. Answers are read
as plain JSON: githubkit's models refuse a whole answer for a member that nobody here reads.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeAlias

from schemaregistry.errors import (
    InvalidArgument,
    MissingExtra,
    NotFound,
    PermissionDenied,
    Unauthenticated,
    Unavailable,
)
from schemaregistry.terminal import printable

try:
    from githubkit import GitHub, TokenAuthStrategy
    from githubkit.exception import (
        GitHubException,
        PrimaryRateLimitExceeded,
        RateLimitExceeded,
        RequestFailed,
        RequestTimeout,
    )
    from githubkit.typing import RetryOption
except ModuleNotFoundError:
    raise MissingExtra(
        "GitHub is asked by githubkit: pip install 'schemaregistry[bot]'", reason="MISSING_EXTRA"
    ) from None

SECONDS: Final = 30.0
"""How long one request may take."""
TRIES: Final = 4
"""Attempts for one request."""
LONGEST_WAIT: Final = 120.0
"""Seconds: the longest wait between two attempts; where GitHub asks for more the command ends and says so."""
_SECONDARY_WAIT: Final = 60.0
"""Seconds to wait after a secondary limit without `Retry-After`, as GitHub's "Rate limits for the REST API" asks."""
PAGE: Final = 100
"""Items of one page: the most that GitHub gives."""
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}")
_ADDRESS: Final = re.compile(r"https://[^\s?#]+|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/[^\s?#]*)?")
"""Only within this machine may a token go over plain HTTP."""

Conclusion: TypeAlias = Literal["success", "failure", "neutral"]


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request. `head_repository` is "" where the fork was deleted."""

    number: int
    labels: tuple[str, ...]
    head: str
    head_ref: str
    head_repository: str


@dataclass(frozen=True, slots=True)
class PostedComment:
    """A comment on a pull request; `author` is "" where the account is gone."""

    id: int
    author: str
    body: str


@dataclass(frozen=True, slots=True)
class PostedCheck:
    """A check run, and the account by which its app comments, such as `github-actions[bot]`."""

    id: int
    account: str


class GitHubApi:
    """The API of one repository (`OWNER/NAME`) at the address `api`, with a token; used as a context manager.

    `client` is githubkit's, to be used within `errors`. Every method raises Unauthenticated, PermissionDenied
    (MISSING_RIGHT), NotFound, InvalidArgument (GITHUB_REFUSED) or Unavailable (GITHUB_UNAVAILABLE, RATE_LIMITED).
    Raises InvalidArgument for a name that no repository can have.
    """

    def __init__(self, repository: str, token: str, api: str) -> None:
        if not re.fullmatch(r"[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}", repository) or repository.endswith(
            ("/.", "/..")
        ):
            raise InvalidArgument(f"{printable(repository)!r} is no OWNER/NAME.", reason="BAD_REPOSITORY")
        if not token or not token.isascii() or not token.isprintable():
            raise InvalidArgument("Set GITHUB_TOKEN to a token of GitHub.", reason="NO_TOKEN")
        if not _ADDRESS.fullmatch(api):
            raise InvalidArgument(
                f"{printable(api)!r} is no address of an API: write https://HOST/PATH.", reason="BAD_ADDRESS"
            )
        self.owner, self.name = repository.split("/")
        self.client: GitHub[TokenAuthStrategy] = GitHub(
            token, base_url=api, timeout=SECONDS, http_cache=False, auto_retry=retry, user_agent="schemaregistry-bot"
        )

    def __enter__(self) -> Self:
        self.client.__enter__()  # type: ignore[no-untyped-call]  # githubkit leaves it out
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.client.__exit__(kind, error, at)

    def pull(self, number: int) -> PullRequest:
        """Return a pull request."""
        with self.errors(f"read pull request {number}", "pull-requests: read"):
            found = self.client.rest.pulls.get(self.owner, self.name, number).json()
            head = found["head"]
            return PullRequest(
                number=found["number"],
                labels=tuple(str(label["name"]) for label in found["labels"]),
                head=str(head["sha"]),
                head_ref=str(head["ref"]),
                head_repository=str(head["repo"]["full_name"]) if head["repo"] else "",
            )

    def login(self) -> str:
        """Return the account of the token; "" for the token of an app, such as that of GitHub Actions."""
        try:
            with self.errors("tell whose token this is", "metadata: read"):
                return str(self.client.rest.users.get_authenticated().json()["login"])
        except PermissionDenied:
            return ""

    def comments(self, number: int) -> Sequence[PostedComment]:
        """Return all comments of a pull request, the oldest first."""
        with self.errors(f"read the comments of pull request {number}", "pull-requests: read"):
            items = self.pages(self.client.rest.issues.list_comments, issue_number=number)
            found = [PostedComment(each["id"], login_of(each["user"]), str(each["body"] or "")) for each in items]
            return sorted(found, key=lambda each: each.id)

    def create_comment(self, number: int, body: str) -> None:
        """Write a new comment."""
        with self.errors(f"comment on pull request {number}", "pull-requests: write"):
            self.client.rest.issues.create_comment(self.owner, self.name, number, body=body)

    def update_comment(self, comment: int, body: str) -> None:
        """Replace the text of a comment."""
        with self.errors(f"update comment {comment}", "pull-requests: write"):
            self.client.rest.issues.update_comment(self.owner, self.name, comment, body=body)

    def delete_comment(self, comment: int) -> None:
        """Delete a comment."""
        with self.errors(f"delete comment {comment}", "pull-requests: write"):
            self.client.rest.issues.delete_comment(self.owner, self.name, comment)

    def create_check(
        self, name: str, head: str, conclusion: Conclusion, output: Mapping[str, Any], details: str = ""
    ) -> PostedCheck:
        """Create a completed check run on a commit."""
        data: Any = {
            "name": name,
            "head_sha": head,
            "status": "completed",
            "conclusion": conclusion,
            "output": output,
            **({"details_url": details} if details else {}),
        }
        with self.errors("create a check run", "checks: write, which only the token of an app can have"):
            made = self.client.rest.checks.create(self.owner, self.name, data=data).json()
            return PostedCheck(made["id"], f"{made['app']['slug']}[bot]" if made["app"] else "")

    def add_to_check(self, check: int, output: Mapping[str, Any]) -> None:
        """Add the annotations of `output` to those of a check run."""
        data: Any = {"output": output}
        with self.errors("add annotations to a check run", "checks: write"):
            self.client.rest.checks.update(self.owner, self.name, check, data=data)

    def pages(self, request: Any, **about: Any) -> list[Mapping[str, Any]]:
        """Return the items of all pages of a list of this repository, as plain JSON."""
        asked = {"owner": self.owner, "repo": self.name, "per_page": PAGE, **about}
        return list(self.client.rest.paginate(request, lambda page: page.json(), **asked))

    @contextmanager
    def errors(self, what: str, right: str) -> Iterator[None]:
        """Turn githubkit's errors into ours; `what` completes "GitHub refuses to …", `right` is what that takes."""
        try:
            yield
        except RateLimitExceeded as error:
            seconds = int(error.retry_after.total_seconds())
            raise Unavailable(
                f"GitHub's rate limit is reached. Run this again in {seconds:,} seconds.", reason="RATE_LIMITED"
            ) from None
        except RequestFailed as error:
            raise self._refused(error, what, right) from None
        except (GitHubException, ValueError, KeyError, TypeError, AttributeError) as error:
            kind = "answers in time" if isinstance(error, RequestTimeout) else "can be reached and understood"
            raise Unavailable(
                f"No GitHub that {kind} is at {self.client.config.base_url} ({type(error).__name__}).",
                reason="GITHUB_UNAVAILABLE",
            ) from None

    def _refused(self, error: RequestFailed, what: str, right: str) -> Exception:
        status, said = error.response.status_code, _message(error)
        where = f"{self.owner}/{self.name}"
        match status:
            case 401:
                return Unauthenticated(f"GitHub doesn't accept the token: {said}", reason="BAD_TOKEN")
            case 403:
                text = f"GitHub refuses to {what} in {where} (403: {said}). The token needs the right {right}."
                return PermissionDenied(text, reason="MISSING_RIGHT")
            case 404 | 410:
                text = (
                    f"GitHub doesn't know what is needed to {what} in {where} ({status}). "
                    f"Is the name right, and has the token the right {right}?"
                )
                return NotFound(text, reason="NOT_FOUND")
            case _ if status >= 500 or status == 429:
                return Unavailable(f"GitHub failed to {what} {TRIES} times ({status}).", reason="GITHUB_UNAVAILABLE")
            case _:
                return InvalidArgument(f"GitHub refuses to {what} ({status}: {said}).", reason="GITHUB_REFUSED")


def login_of(user: Mapping[str, Any] | None) -> str:
    """Return the name of an account as an answer has it; "" where it is gone."""
    return str((user or {}).get("login") or "")


def retry(error: GitHubException, tried: int) -> RetryOption:
    """Decide, in githubkit's form, whether a request is sent again after `tried` attempts before this one, and when."""
    if tried >= TRIES - 1 or not isinstance(error, RequestFailed):
        return RetryOption(False)
    wait = 0.5 * 2**tried
    if isinstance(error, PrimaryRateLimitExceeded) and error.response.status_code != 429:
        return RetryOption(False)  # it lasts up to an hour
    if isinstance(error, RateLimitExceeded):
        # githubkit takes a wait of nothing for none given, which is a minute
        wait = max(wait, error.retry_after.total_seconds())
    elif error.response.status_code == 403 and "secondary rate limit" in _message(error).lower():
        wait = _SECONDARY_WAIT
    elif error.response.status_code < 500 and error.response.status_code != 429:
        return RetryOption(False)
    return RetryOption(wait <= LONGEST_WAIT, timedelta(seconds=wait))


def _message(error: RequestFailed) -> str:
    """Return what GitHub's answer says; it may have no end, and text that acts in a terminal."""
    try:
        said = error.response.json()["message"]
    except (ValueError, KeyError, TypeError):
        return "no reason given"
    return printable(str(said))[:300]
