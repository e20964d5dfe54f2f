"""`make audit` on repositories of git: by a server that answers as OSV does, and by a database of Go's form."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from scripts.pythons import ROOT

LOCK = "jinja2==2.10 \\\n    --hash=sha256:00\nattrs==26.1.0 \\\n    --hash=sha256:00\n"
GO_MOD = "module example\n\ngo 1.26.0\n\nrequire example.org/one v1.0.0\n"
ADVISORY = {
    "id": "GHSA-1",
    "aliases": ["CVE-1"],
    "summary": "a sandbox that lets out",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "jinja2"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.10.1"}]}],
        }
    ],
}
OF_GO = {
    "id": "GO-1",
    "summary": "a loop",
    "affected": [
        {
            "package": {"ecosystem": "Go", "name": "example.org/one"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.0.1"}]}],
        }
    ],
}


class Osv(BaseHTTPRequestHandler):
    """Answers one page of jinja2's advisories at a time: the first is empty, the second has GHSA-1."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path == "/endless/v1/querybatch":
            return self._answer({"results": [{"next_page_token": "again"} for _ in asked["queries"]]})
        if self.path != "/v1/querybatch":
            return self._answer({"message": "another service"})
        return self._answer({"results": [self._page(query) for query in asked["queries"]]})

    def do_GET(self) -> None:
        assert self.path == "/v1/vulns/GHSA-1"
        self._answer(ADVISORY)

    def _page(self, query: dict[str, Any]) -> dict[str, Any]:
        if query["package"] != {"ecosystem": "PyPI", "name": "jinja2"} or query["version"] != "2.10":
            return {}
        return {"vulns": [{"id": "GHSA-1"}]} if query.get("page_token") == "2" else {"next_page_token": "2"}

    def _answer(self, document: Any) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@pytest.fixture
def osv() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Osv) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "third_party").mkdir(parents=True)
    (folder / "third_party/accepted-advisories.toml").write_text("")
    (folder / "requirements.txt").write_text(LOCK)
    (folder / "go.mod").write_text(GO_MOD)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
    return folder


def audit(repository: Path, *options: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "scripts.supply_chain.audit_locks", "--root", str(repository), *options]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout + ended.stderr


def test_a_vulnerability_that_osv_knows_fails(repository: Path, osv: str) -> None:
    code, text = audit(repository, "--osv", osv)
    assert "VULNERABLE: requirements.txt: jinja2 2.10: GHSA-1 (CVE-1): a sandbox that lets out; fixed in 2.10.1" in text
    assert f"audited: go.mod: 1 of Go, by {osv}" in text
    assert code == 1


def test_once_it_is_accepted_all_is_well(repository: Path, osv: str) -> None:
    until = datetime.now(UTC).date() + timedelta(days=1)
    (repository / "third_party/accepted-advisories.toml").write_text(
        f'[[accepted]]\nid = "CVE-1"\npackage = "jinja2"\nreason = "its templates are ours"\nuntil = {until}\n'
    )
    code, text = audit(repository, "--osv", osv)
    assert (code, f"accepted until {until}: jinja2 2.10: CVE-1: its templates are ours" in text) == (0, True)


def test_once_it_is_mended_all_is_well(repository: Path, osv: str) -> None:
    (repository / "requirements.txt").write_text(LOCK.replace("==2.10 ", "==3.1.6 "))
    assert audit(repository, "--osv", osv)[0] == 0


def test_without_osv_go_is_looked_up_in_its_own_database_and_the_rest_is_not_audited(
    repository: Path, tmp_path: Path
) -> None:
    database = tmp_path / "database"
    database.mkdir()
    (database / "GO-1.json").write_text(json.dumps(OF_GO))
    code, text = audit(repository, "--osv", "http://127.0.0.1:1", "--go-database", str(database))
    assert "not audited: requirements.txt: 2 of PyPI: http://127.0.0.1:1/v1/querybatch: " in text
    assert "VULNERABLE: go.mod: example.org/one 1.0.0: GO-1: a loop; fixed in 1.0.1" in text
    assert code == 1
    (repository / "go.mod").write_text(GO_MOD.replace("v1.0.0", "v1.0.1"))
    assert audit(repository, "--offline", "--go-database", str(database))[0] == 3


def test_an_answer_of_another_form_leaves_it_not_audited(repository: Path, osv: str, tmp_path: Path) -> None:
    code, text = audit(repository, "--osv", f"{osv}/another", "--go-database", str(tmp_path))
    assert (code, "2 of PyPI: " + osv + "/another does not answer as OSV does" in text) == (3, True)


def test_answers_without_end_leave_it_not_audited(repository: Path, osv: str, tmp_path: Path) -> None:
    code, text = audit(repository, "--osv", f"{osv}/endless", "--go-database", str(tmp_path))
    assert (code, "2 of PyPI: " + osv + "/endless answers without end" in text) == (3, True)


def test_a_list_that_is_wrong_is_a_mistake_of_usage(repository: Path) -> None:
    (repository / "third_party/accepted-advisories.toml").write_text("[[accepted]]\n")
    code, text = audit(repository, "--offline")
    assert code == 2
    assert "accepted-advisories.toml: entry 1 (without an id) has nothing: it needs id, package, reason" in text
