"""Post a review on its pull request: the check run, then the comment."""

import re

from schemaregistry.bot.check_run import NAME, post_check
from schemaregistry.bot.github_api import GitHubApi
from schemaregistry.bot.pull_comment import put_comment
from schemaregistry.bot.review_markdown import MARK, ReviewJson, review_markdown, state
from schemaregistry.errors import InvalidArgument, PermissionDenied


def post_review(github: GitHubApi, review: ReviewJson, number: int, rest: str = "", *, check: bool = True) -> str:
    """Post a review and return what was done; nothing where the pull request has another head by now.

    `rest` is the address of a page with the whole review. Raises as the methods of `GitHubApi` do.
    """
    if rest and not re.fullmatch(r"https?://[^\s()<>\\`]+", rest):
        raise InvalidArgument(f"{rest!r} is no address of a page: write https://…", reason="BAD_ADDRESS")
    head = github.pull(number).head
    if head != review["head"]:
        return (
            f"Pull request {number} has moved on to {head[:12]}, and the review is of {review['head'][:12]}: "
            "nothing was posted."
        )
    account = github.login()
    if check:
        account = post_check(github, review, rest).account or account
    if not account:
        raise PermissionDenied(
            "Whose comments are this token's own can't be told: post the check run, too (--check).",
            reason="MISSING_RIGHT",
        )
    put_comment(github, number, account, MARK, review_markdown(review, rest=rest))
    done = f"the comment and the check run {NAME!r}" if check else "the comment"
    return f"{state(review)}: put {done} on pull request {number}."
