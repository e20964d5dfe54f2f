"""GitHub's REST API on loopback, as far as the bot calls it: requests and answers are held to GitHub's description."""

import json
import re
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.github_description import Operation, faults, operation, shaped

REFUSED = "Resource not accessible by integration"
ALL = frozenset(
    {"actions: read", "checks: write", "members: read", "metadata: read", "pull-requests: read", "pull-requests: write"}
)
RIGHTS = {
    "actions/download-artifact": "actions: read",
    "actions/get-workflow-run": "actions: read",
    "actions/list-workflow-run-artifacts": "actions: read",
    "checks/create": "checks: write",
    "checks/update": "checks: write",
    "issues/create-comment": "pull-requests: write",
    "issues/delete-comment": "pull-requests: write",
    "issues/update-comment": "pull-requests: write",
    "issues/list-comments": "pull-requests: read",
    "issues/list-events": "pull-requests: read",
    "pulls/get": "pull-requests: read",
    "pulls/list": "pull-requests: read",
    "pulls/list-reviews": "pull-requests: read",
    "teams/get-by-name": "members: read",
    "teams/get-membership-for-user-in-org": "members: read",
}
"""The right that an operation takes of a token, as GitHub's "Permissions required for fine-grained tokens" has it."""


@dataclass
class Account:
    """Whose a token is: a person's, or that of an app with the given slug."""

    login: str
    app: str = ""
    rights: frozenset[str] = ALL


@dataclass
class Pull:
    """A pull request of `me/schemas`."""

    head: str
    base: str = "main"
    base_sha: str = "b" * 40
    head_ref: str = "change"
    head_repository: str = "me/schemas"
    author: str = "alice"
    labels: list[str] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    reviews: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Run:
    """A run of a workflow, and its artifacts: (name, ZIP archive)."""

    head: str
    branch: str = "change"
    repository: str = "me/schemas"
    event: str = "pull_request"
    artifacts: list[tuple[str, bytes]] = field(default_factory=list)


@dataclass
class GitHubServer:
    """The state of the API: what tests set, and what the bot has made.

    `forced` are answers to give once, before any other: (pattern of "METHOD /path", status, headers, body).
    """

    url: str = ""
    repository: str = "me/schemas"
    tokens: dict[str, Account] = field(
        default_factory=lambda: {"app": Account("github-actions[bot]", "github-actions"), "mine": Account("me")}
    )
    pulls: dict[int, Pull] = field(default_factory=dict)
    runs: dict[int, Run] = field(default_factory=dict)
    checks: list[dict[str, Any]] = field(default_factory=list)
    pushes: list[dict[str, Any]] = field(default_factory=list)
    teams: dict[str, dict[str, str]] = field(default_factory=dict)
    """Of the organisation `me`: slug → login → state of the membership."""
    private: set[str] = field(default_factory=set)
    """Repositories that no token may read."""
    emails: dict[str, str] = field(default_factory=dict)
    forced: list[tuple[str, int, dict[str, str], Any]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    next_id: int = 100
    before: Callable[[str], None] = lambda line: None
    """Called with "METHOD /path" before a request is answered."""

    def user(self, login: str) -> dict[str, Any]:
        return shaped("simple-user", login=login, type="Bot" if login.endswith("[bot]") else "User")

    def fresh_id(self) -> int:
        with self.lock:
            self.next_id += 1
            return self.next_id

    def say(self, number: int, login: str, body: str) -> dict[str, Any]:
        """Put a comment there."""
        made = shaped("issue-comment", id=self.fresh_id(), user=self.user(login), body=body)
        self.pulls[number].comments.append(made)
        return made

    @property
    def marked(self) -> list[str]:
        """All bodies of comments of all pull requests."""
        return [each["body"] for pull in self.pulls.values() for each in pull.comments]

    def answer(self, asked: Operation, who: Account, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        """Answer one request: a status and a body; a list is cut into pages later."""
        names = asked.names
        pull = self.pulls.get(int(names.get("pull_number") or names.get("issue_number") or 0))
        here = f"{names.get('owner')}/{names.get('repo')}" == self.repository
        right = RIGHTS.get(asked.id, "metadata: read")
        if asked.id == "users/get-authenticated":
            return (403, {"message": REFUSED}) if who.app else (200, shaped("public-user", login=who.login))
        if right not in who.rights:
            # GitHub hides what a token may not even read.
            return (404, {"message": "Not Found"}) if right.endswith("read") else (403, {"message": REFUSED})
        if asked.id == "checks/create" and not who.app:
            return 403, {"message": "You must authenticate via a GitHub App."}
        if "repo" in names and not here and asked.id != "repos/list-activities":
            return 404, {"message": "Not Found"}
        if ("pull_number" in names or "issue_number" in names) and pull is None:
            return 404, {"message": "Not Found"}
        return getattr(self, "_" + asked.id.replace("/", "_").replace("-", "_"))(names, who, pull, query, body)

    def _pulls_get(self, names: Any, who: Account, pull: Pull, query: Any, body: Any) -> tuple[int, Any]:
        there = pull.head_repository
        repository = shaped("repository", full_name=there) if there else None
        shape = {"$ref": "#/components/schemas/pull-request/properties/head"}
        label = {"$ref": "#/components/schemas/pull-request/properties/labels/items"}
        found = shaped(
            "pull-request",
            number=int(names["pull_number"]),
            user=self.user(pull.author),
            labels=[{**shaped(label), "name": name} for name in pull.labels],
            head={**shaped(shape), "sha": pull.head, "ref": pull.head_ref, "repo": repository},
            base={**shaped(shape), "ref": pull.base},
        )
        return 200, found

    def _repository_of(self, name: str) -> dict[str, Any]:
        owner = self.user(name.partition("/")[0])
        return {"id": zlib.crc32(name.encode()), "full_name": name, "owner": owner}

    def _pulls_list(self, names: Any, who: Account, pull: None, query: Any, body: Any) -> tuple[int, Any]:
        assert query["state"] == ["open"]
        found = []
        for number, each in self.pulls.items():
            owner = each.head_repository.partition("/")[0]
            if query["head"] != [f"{owner}:{each.head_ref}"]:
                continue
            head = shaped({"$ref": "#/components/schemas/pull-request-simple/properties/head"})
            there = {**shaped("repository"), **self._repository_of(each.head_repository)}
            base = {**head, "ref": each.base, "sha": each.base_sha}
            head = {**head, "ref": each.head_ref, "sha": each.head, "repo": there}
            found.append(shaped("pull-request-simple", number=number, head=head, base=base))
        return 200, found

    def _actions_get_workflow_run(self, names: Any, who: Account, pull: None, query: Any, body: Any) -> tuple[int, Any]:
        run = self.runs.get(int(names["run_id"]))
        if run is None:
            return 404, {"message": "Not Found"}
        there = {**shaped("minimal-repository"), **self._repository_of(run.repository)} if run.repository else None
        about = {"head_sha": run.head, "head_branch": run.branch, "event": run.event, "head_repository": there}
        return 200, shaped("workflow-run", id=int(names["run_id"]), **about)

    def _actions_list_workflow_run_artifacts(
        self, names: Any, who: Account, pull: None, query: Any, body: Any
    ) -> tuple[int, Any]:
        number = int(names["run_id"])
        found = [
            shaped("artifact", id=number * 100 + at, name=name, size_in_bytes=len(raw))
            for at, (name, raw) in enumerate(self.runs[number].artifacts)
            if name == query["name"][0]
        ]
        return 200, {"total_count": len(found), "artifacts": found}

    def _actions_download_artifact(
        self, names: Any, who: Account, pull: None, query: Any, body: Any
    ) -> tuple[int, Any]:
        return 302, None

    def _issues_list_comments(self, names: Any, who: Account, pull: Pull, query: Any, body: Any) -> tuple[int, Any]:
        return 200, list(pull.comments)

    def _issues_create_comment(self, names: Any, who: Account, pull: Pull, query: Any, body: Any) -> tuple[int, Any]:
        if len(body["body"]) > 65_536:
            return 422, {"message": "Validation Failed", "documentation_url": "", "errors": []}
        return 201, self.say(int(names["issue_number"]), who.login, body["body"])

    def _comment(self, names: Any) -> tuple[Pull, dict[str, Any]] | None:
        found = [(pull, each) for pull in self.pulls.values() for each in pull.comments]
        return next((each for each in found if each[1]["id"] == int(names["comment_id"])), None)

    def _issues_update_comment(self, names: Any, who: Account, pull: None, query: Any, body: Any) -> tuple[int, Any]:
        found = self._comment(names)
        if found is None:
            return 404, {"message": "Not Found"}
        assert found[1]["user"]["login"] == who.login, "a comment of another account"
        found[1]["body"] = body["body"]
        return 200, found[1]

    def _issues_delete_comment(self, names: Any, who: Account, pull: None, query: Any, body: Any) -> tuple[int, Any]:
        found = self._comment(names)
        if found is None:
            return 404, {"message": "Not Found"}
        assert found[1]["user"]["login"] == who.login, "a comment of another account"
        found[0].comments.remove(found[1])
        return 204, None

    def _checks_create(self, names: Any, who: Account, pull: None, query: Any, body: Any) -> tuple[int, Any]:
        app = shaped("integration", slug=who.app)
        made = {"id": self.fresh_id(), **body, "annotations": list(body["output"].get("annotations", ()))}
        self.checks.append(made)
        shown = ("id", "name", "head_sha", "status", "conclusion")
        return 201, shaped("check-run", app=app, **{name: made[name] for name in shown})

    def _checks_update(self, names: Any, who: Account, pull: None, query: Any, body: Any) -> tuple[int, Any]:
        made = next(each for each in self.checks if each["id"] == int(names["check_run_id"]))
        made["annotations"] += body["output"].get("annotations", ())
        return 200, shaped("check-run", id=made["id"], app=shaped("integration", slug=who.app))

    def label(self, number: int, login: str, at: str, event: str = "labeled", name: str = "schema-override") -> None:
        """Set (or take away) a label, as an account does on the pull request's page."""
        pull = self.pulls[number]
        pull.labels = [each for each in pull.labels if each != name] + [name] * (event == "labeled")
        self.event(number, login, at, event, label={"name": name, "color": "red"})

    def event(self, number: int, login: str, at: str, event: str, **members: Any) -> None:
        shape = "labeled-issue-event" if "label" in members else "locked-issue-event"
        about = {"id": self.fresh_id(), "actor": self.user(login), "event": event, "created_at": at, **members}
        self.pulls[number].events.append(shaped(shape, **about))

    def approve(
        self, number: int, login: str, state: str = "APPROVED", commit: str = "", at: str = "2026-11-01T11:00:00Z"
    ) -> None:
        """Review a pull request, by default its head."""
        pull = self.pulls[number]
        about = {"user": self.user(login), "state": state, "commit_id": commit or pull.head, "submitted_at": at}
        pull.reviews.append(shaped("pull-request-review", id=self.fresh_id(), **about))

    def pushed(self, after: str, at: str, repository: str = "", ref: str = "refs/heads/change") -> None:
        """Record a push to a branch; the newest comes first."""
        made = shaped("activity", id=self.fresh_id(), after=after, ref=ref, timestamp=at, activity_type="push")
        self.pushes.insert(0, {"repository": repository or self.repository, **made})

    def _issues_list_events(self, names: Any, who: Account, pull: Pull, query: Any, body: Any) -> tuple[int, Any]:
        return 200, list(pull.events)

    def _pulls_list_reviews(self, names: Any, who: Account, pull: Pull, query: Any, body: Any) -> tuple[int, Any]:
        return 200, list(pull.reviews)

    def _repos_list_activities(self, names: Any, who: Account, pull: None, query: Any, body: Any) -> tuple[int, Any]:
        there = f"{names['owner']}/{names['repo']}"
        if there in self.private:
            return 404, {"message": "Not Found"}
        found = [each for each in self.pushes if each["repository"] == there and each["ref"] == query["ref"][0]]
        return 200, [{name: each[name] for name in each if name != "repository"} for each in found]

    def _teams_get_by_name(self, names: Any, who: Account, pull: None, query: Any, body: Any) -> tuple[int, Any]:
        if names["team_slug"] not in self.teams or names["org"] != "me":
            return 404, {"message": "Not Found"}
        return 200, shaped("team-full", slug=names["team_slug"])

    def _teams_get_membership_for_user_in_org(
        self, names: Any, who: Account, pull: None, query: Any, body: Any
    ) -> tuple[int, Any]:
        member = self.teams.get(names["team_slug"], {}).get(names["username"])
        if member is None or names["org"] != "me":
            return 404, {"message": "Not Found"}
        return 200, shaped("team-membership", state=member, role="member")

    def _users_get_by_username(self, names: Any, who: Account, pull: None, query: Any, body: Any) -> tuple[int, Any]:
        return 200, shaped("public-user", login=names["username"], email=self.emails.get(names["username"]))


@contextmanager
def serving_github() -> Iterator[GitHubServer]:
    """The server, at its `url`; at the end, no request or answer may have broken the description."""
    state = GitHubServer()

    class Handler(_Handler):
        github = state

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/api/v3"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert state.faults == []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    github: GitHubServer

    def log_message(self, format: str, *words: Any) -> None:  # noqa: A002 (the standard library's name)
        pass

    def do_GET(self) -> None:
        github, url = self.github, urlsplit(self.path)
        path = url.path.removeprefix("/api/v3")
        line = f"{self.command} {path}"
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        github.before(line)
        github.requests.append(line)
        if match := re.fullmatch(r"/blobs/(\d+)", path):
            # GitHub keeps artifacts on another host, which is no business of the token.
            github.faults += ["a token for the store of artifacts"] if "authorization" in self.headers else []
            number, at = divmod(int(match[1]), 100)
            self.send(200, github.runs[number].artifacts[at][1], {"Content-Type": "application/zip"})
            return
        forced = next((each for each in github.forced if re.search(each[0], line)), None)
        if forced:
            github.forced.remove(forced)
            self.send(forced[1], forced[3], forced[2])
            return
        who = github.tokens.get(self.headers.get("authorization", "").partition(" ")[2])
        if who is None:
            self.send(401, {"message": "Bad credentials"})
            return
        asked, body = operation(self.command, path), json.loads(raw) if raw else None
        if asked is None:
            github.faults.append(f"{line} isn't in the description")
            self.send(404, {"message": "Not Found"})
            return
        github.faults += [f"{line}: {each}" for each in asked.request_faults(url.query, body)]
        query = parse_qs(url.query)
        status, answer = github.answer(asked, who, query, body)
        headers = {}
        if isinstance(answer, list):
            answer, headers = self.page(answer, query)
        schema = asked.answer_schema(status)
        if schema is not None:
            github.faults += [f"answer to {line}: {each}" for each in faults(schema, answer)]
        if status == 302:
            headers = {"Location": f"http://localhost:{urlsplit(github.url).port}/blobs/{asked.names['artifact_id']}"}
        self.send(status, answer, headers)

    do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 (the standard library's names)

    def page(self, items: list[Any], query: dict[str, list[str]]) -> tuple[list[Any], dict[str, str]]:
        """One page, and the `Link` to the next."""
        size, number = int(query.get("per_page", ["30"])[0]), int(query.get("page", ["1"])[0])
        shown = items[(number - 1) * size : number * size]
        if number * size >= len(items):
            return shown, {}
        there = f"{self.github.url}{urlsplit(self.path).path.removeprefix('/api/v3')}?per_page={size}&page={number + 1}"
        return shown, {"Link": f'<{there}>; rel="next"'}

    def send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        raw = (
            b""
            if body is None
            else body
            if isinstance(body, bytes)
            else body.encode()
            if isinstance(body, str)
            else json.dumps(body).encode()
        )
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        if status != 204:
            self.wfile.write(raw)
