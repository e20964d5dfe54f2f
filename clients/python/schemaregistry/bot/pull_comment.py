"""Keep one comment on a pull request: the one that begins with a hidden mark and is by the token's own account."""

from collections.abc import Sequence

from schemaregistry.bot.github_api import GitHubApi, PostedComment
from schemaregistry.errors import NotFound


def put_comment(github: GitHubApi, number: int, account: str, mark: str, body: str) -> None:
    """Write the comment, or replace its text; of several, which two runs at once may leave, only the oldest stays.

    `body` begins with `mark`. A comment of another account is never touched, whatever it begins with.
    """
    found = _own(github, number, account, mark)
    if not found:
        github.create_comment(number, body)
        # Another run may have written one meanwhile. Both then see both, keep the older one, and delete the other.
        found = _own(github, number, account, mark)
    for extra in found[1:]:
        _delete(github, extra)
    for kept in found[:1]:
        if kept.body != body:
            _update(github, number, kept, body)


def _own(github: GitHubApi, number: int, account: str, mark: str) -> Sequence[PostedComment]:
    """Return our comments, the oldest first. Accounts' names are case-insensitive."""
    return [
        each
        for each in github.comments(number)
        if each.author.lower() == account.lower() and each.body.startswith(mark)
    ]


def _delete(github: GitHubApi, comment: PostedComment) -> None:
    try:
        github.delete_comment(comment.id)
    except NotFound:
        return  # the other run has deleted it


def _update(github: GitHubApi, number: int, comment: PostedComment, body: str) -> None:
    try:
        github.update_comment(comment.id, body)
    except NotFound:
        github.create_comment(number, body)  # somebody has deleted it since it was listed
