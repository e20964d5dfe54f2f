"""Ask databases of vulnerabilities about locked packages: OSV over HTTPS, and Go's, which is a Go module.

OSV (https://google.github.io/osv.dev/api/) has every ecosystem. golang.org/x/vulndb is fetched by `go mod download`,
so it is there wherever Go's modules are, and Go checks it against its checksum database.
"""

import http.client
import json
import os
import re
import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from scripts.find_go import NoGo, find_go
from scripts.supply_chain.advisories import OsvDocument, Vulnerability, applies, vulnerability
from scripts.supply_chain.locked_packages import LockedPackage

OSV = "https://api.osv.dev"
QUERIES = 1000
"""The packages that OSV takes in one request."""
PAGES = 100
"""The answers to one question that are read; real ones have one or two pages."""
SECONDS = 30.0
GO_MODULE = "golang.org/x/vulndb"


class Unaudited(Exception):
    """A database could not be asked; the message says why."""


def ask_osv(server: str, packages: Sequence[LockedPackage]) -> list[Vulnerability]:
    """Ask OSV which advisories apply to packages; raises Unaudited."""
    try:
        return _ask_osv(server, packages)
    except (AttributeError, KeyError, TypeError) as failed:
        raise Unaudited(f"{server} does not answer as OSV does: {failed!r}") from None


def _ask_osv(server: str, packages: Sequence[LockedPackage]) -> list[Vulnerability]:
    found: dict[str, list[LockedPackage]] = {}
    for first in range(0, len(packages), QUERIES):
        queries = [_query(package) for package in packages[first : first + QUERIES]]
        for page in range(PAGES + 1):
            if not queries:
                break
            if page == PAGES:
                raise Unaudited(f"{server} answers without end")
            answers = _json(f"{server}/v1/querybatch", {"queries": [query for _, query in queries]})["results"]
            if len(answers) != len(queries):
                raise Unaudited(f"{server} answered {len(answers)} of {len(queries)} queries")
            for (package, _), answer in zip(queries, answers, strict=True):
                for one in answer.get("vulns", []):
                    found.setdefault(one["id"], []).append(package)
            queries = list(_next_pages(queries, answers))
    advisories = [(_json(f"{server}/v1/vulns/{name}"), affected) for name, affected in sorted(found.items())]
    return [
        vulnerability(package, advisory)
        for advisory, affected in advisories
        if "withdrawn" not in advisory
        for package in affected
    ]


Query = tuple[LockedPackage, dict[str, Any]]


def _query(package: LockedPackage) -> Query:
    return package, {
        "package": {"ecosystem": package.ecosystem, "name": package.name},
        "version": package.version,
    }


def _next_pages(queries: Sequence[Query], answers: Sequence[OsvDocument]) -> Iterator[Query]:
    for (package, query), answer in zip(queries, answers, strict=True):
        if token := answer.get("next_page_token"):
            yield package, query | {"page_token": token}


def _json(url: str, body: OsvDocument | None = None) -> Any:
    request = urllib.request.Request(url, headers={"content-type": "application/json"})
    if body is not None:
        request.data = json.dumps(body).encode()
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return json.load(answer)
    except (OSError, http.client.HTTPException, ValueError) as failed:
        raise Unaudited(f"{url}: {failed}") from None


class GoDatabase:
    """Go's database of vulnerabilities: advisories by the module that they affect, and the day it was made."""

    def __init__(self, folder: Path, day: date) -> None:
        self.day = day
        self._by_module: dict[str, list[OsvDocument]] = {}
        for path in sorted(folder.glob("*.json")):
            advisory = json.loads(path.read_text(encoding="utf-8"))
            for name in {one["package"]["name"] for one in advisory.get("affected", [])}:
                self._by_module.setdefault(name, []).append(advisory)
        if not self._by_module:
            raise Unaudited(f"{folder} has no advisories")

    def ask(self, packages: Sequence[LockedPackage]) -> list[Vulnerability]:
        """Find the advisories that apply to Go modules."""
        return [
            vulnerability(package, advisory)
            for package in packages
            for advisory in self._by_module.get(package.name, [])
            if applies(package, advisory)
        ]


def fetch_go_database(folder: Path) -> GoDatabase:
    """Fetch the newest golang.org/x/vulndb into Go's module cache and read it; raises Unaudited.

    `folder` is where Go runs: outside a module, so that no go.mod of the project changes.
    """
    environment = os.environ | {"GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": "-mod=mod"}
    try:
        command = [str(find_go()), "mod", "download", "-json", f"{GO_MODULE}@latest"]
        ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    except NoGo as failed:
        raise Unaudited(str(failed)) from None
    if ended.returncode:
        why = (re.findall(r'"Error": "(.*)"', ended.stdout) or [ended.stderr.strip()])[0]
        raise Unaudited(f"{GO_MODULE} could not be fetched: {why}")
    module = json.loads(ended.stdout)
    return GoDatabase(Path(module["Dir"], "data/osv"), day_of(module["Version"]))


def day_of(pseudo_version: str) -> date:
    """The day in a pseudo-version, such as v0.0.0-20261105234957-e22db6528018 (go.dev/ref/mod#pseudo-versions)."""
    [stamp] = re.findall(r"-(?:0\.)?(\d{8})\d{6}-", pseudo_version)
    return date.fromisoformat(stamp)
