"""Ask GitHub who set the override's label, when the head was pushed, who approved it, and who is in a team.

Times are those that GitHub recorded. Dates within commits aren't used, since whoever commits may choose them.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from schemaregistry.bot.approvals import ApprovalFacts
from schemaregistry.bot.github_api import GitHubApi, PullRequest, login_of
from schemaregistry.bot.review_markdown import LABEL
from schemaregistry.errors import NotFound, PermissionDenied

_LOGIN: Final = re.compile(r"@([A-Za-z0-9_-]{1,100}(?:\[bot\])?)")
_TEAM: Final = re.compile(r"@([A-Za-z0-9_-]{1,100})/([A-Za-z0-9_.-]{1,255})")
_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s]+")
_WORDS: Final = ("APPROVED", "CHANGES_REQUESTED", "DISMISSED")
"""States of a review that replace the one before; a comment doesn't."""
_REBASED: Final = ("base_ref_changed", "automatic_base_change_succeeded", "base_ref_force_pushed")
"""Events after which a pull request is another change than before: GitHub's "Issue event types"."""


def approval_facts(github: GitHubApi, number: int, head: str) -> ApprovalFacts:
    """Return what counts for the commit `head` of a pull request.

    An approval counts where it is of that commit, and the label where it was set after that commit was pushed and not
    taken away; neither counts where the base was changed later. Raises as the methods of `GitHubApi` do.
    """
    pull = github.pull(number)
    approvals = _approvals(github, pull, head)
    is_labeled = LABEL in map(str.lower, pull.labels)
    events = _events(github, pull) if is_labeled or approvals else []
    rebased = [datetime.fromisoformat(each["created_at"]) for each in events if each["event"] in _REBASED]
    approvers = sorted(login for login, at in approvals.items() if not rebased or at > max(rebased))
    labeled_by, void = "", ""
    if is_labeled:
        labeled_by, void = _label(github, pull, events)
        if labeled_by and not void and pull.head != head:
            void = f"the pull request's head is {pull.head[:12]}, which isn't the commit that is reviewed"
    if void:
        void = f"The label {LABEL} of {labeled_by} doesn't count: {void}."
    return ApprovalFacts(labeled_by, void, tuple(approvers))


def _events(github: GitHubApi, pull: PullRequest) -> Sequence[Mapping[str, Any]]:
    """Return the events of a pull request, the oldest first."""
    with github.errors(f"read the events of pull request {pull.number}", "issues: read or pull-requests: read"):
        events = github.pages(github.client.rest.issues.list_events, issue_number=pull.number)
        return sorted(events, key=lambda event: (datetime.fromisoformat(event["created_at"]), event["id"]))


def _label(github: GitHubApi, pull: PullRequest, ordered: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Return who set the label last, and why that doesn't count; "" where it may count."""
    ours = [index for index, event in enumerate(ordered) if _is_about_label(event)]
    if not ours or ordered[ours[-1]]["event"] != "labeled":
        return "", ""  # the label was renamed to ours, say: nobody set it by this name
    event = ordered[ours[-1]]
    login = login_of(event.get("actor"))
    if any(later["event"] in _REBASED for later in ordered[ours[-1] :]):
        return login, "the base was changed after it was set; set it again"
    pushed = _pushed_at(github, pull)
    if pushed is None:
        return login, "when its head was pushed can't be told"
    if datetime.fromisoformat(event["created_at"]) <= pushed:
        return login, "commits were pushed after it was set; set it again"
    return login, ""


def _is_about_label(event: Mapping[str, Any]) -> bool:
    name = (event.get("label") or {}).get("name")
    return event.get("event") in ("labeled", "unlabeled") and isinstance(name, str) and name.lower() == LABEL


def _pushed_at(github: GitHubApi, pull: PullRequest) -> datetime | None:
    """Return when the head was pushed to its branch; None where GitHub doesn't tell, as for a private fork."""
    owner, _, name = pull.head_repository.partition("/")
    if not name:
        return None
    try:
        with github.errors("read the pushes to the branch", "contents: read"):
            answer = github.client.rest.repos.list_activities(
                owner, name, ref=f"refs/heads/{pull.head_ref}", direction="desc", per_page=1
            )
            newest = answer.json()
            if not newest or newest[0]["after"] != pull.head:
                return None
            return datetime.fromisoformat(newest[0]["timestamp"])
    except (NotFound, PermissionDenied):
        return None


def _approvals(github: GitHubApi, pull: PullRequest, head: str) -> Mapping[str, datetime]:
    """Return the accounts whose last word on the pull request is an approval of its head, and when that was."""
    with github.errors(f"read the reviews of pull request {pull.number}", "pull-requests: read"):
        reviews = github.pages(github.client.rest.pulls.list_reviews, pull_number=pull.number)
        last = {login_of(each["user"]): each for each in reviews if each["state"] in _WORDS}
        return {
            login: datetime.fromisoformat(each["submitted_at"])
            for login, each in last.items()
            if login and each["state"] == "APPROVED" and each["commit_id"] == head
        }


class OwnerNames:
    """Tells who is behind the names of owners; each question is asked once."""

    def __init__(self, github: GitHubApi) -> None:
        self._github = github
        self._known: dict[tuple[str, str], bool | None] = {}

    def __call__(self, owner: str, login: str) -> bool | None:
        """Tell whether an owner is an account, or has it as a member; None where GitHub doesn't tell.

        `owner` is `@login`, `@org/team` of the repository's organisation, an address, or the bare name of such a team.
        """
        asked = (owner.lower(), login.lower())
        if asked not in self._known:
            self._known[asked] = self._ask(owner, login)
        return self._known[asked]

    def _ask(self, owner: str, login: str) -> bool | None:
        if not _LOGIN.fullmatch(f"@{login}"):
            return False
        if match := _LOGIN.fullmatch(owner):
            return match[1].lower() == login.lower()
        if match := _TEAM.fullmatch(owner):
            return match[1].lower() == self._github.owner.lower() and self._is_member(match[2], login)
        if _ADDRESS.fullmatch(owner):
            return self._has_address(owner, login)
        # A team's address is its name in small letters, with hyphens for what isn't a letter, digit or underscore.
        slug = re.sub("[^a-z0-9_]+", "-", owner.lower()).strip("-")
        return owner.isascii() and "@" not in owner and bool(slug) and self._is_member(slug, login)

    def _is_member(self, team: str, login: str) -> bool | None:
        rest, org = self._github.client.rest.teams, self._github.owner
        if "[" in login:
            return False  # an app is in no team
        try:
            with self._github.errors("read who is in a team", "members: read"):
                return bool(rest.get_membership_for_user_in_org(org, team, login).json()["state"] == "active")
        except PermissionDenied:
            return None
        except NotFound:
            pass
        # The same answer is given for a team that the token may not see.
        try:
            with self._github.errors("read a team", "members: read"):
                rest.get_by_name(org, team)
        except (NotFound, PermissionDenied):
            return None
        return False

    def _has_address(self, address: str, login: str) -> bool:
        """Tell whether an address is the one on the account's public profile; GitHub shows no other."""
        if "[" in login:
            return False
        try:
            with self._github.errors("read an account", "metadata: read"):
                shown = self._github.client.rest.users.get_by_username(login).json().get("email")
        except (NotFound, PermissionDenied):
            return False
        return isinstance(shown, str) and shown.lower() == address.lower()
