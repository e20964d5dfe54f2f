"""What kube-score and checkov say of manifests, less the exceptions of `k8s/exceptions.toml`."""

import json
import os
import subprocess
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.find_go import ROOT
from scripts.supply_chain.tool_environment import environment_python

PASSED = 10
"""kube-score's grade for a check with nothing to say."""


@dataclass(frozen=True, slots=True, order=True)
class ScanFinding:
    """A check of a tool that an object, KIND/NAME, doesn't meet."""

    tool: str
    check: str
    object: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class ScanException:
    """A finding that stays: `objects` has KIND/NAME of those that may have it, or `*`."""

    tool: str
    check: str
    objects: tuple[str, ...]
    reason: str

    def covers(self, finding: ScanFinding) -> bool:
        same = (self.tool, self.check) == (finding.tool, finding.check)
        return same and ("*" in self.objects or finding.object in self.objects)

    def __str__(self) -> str:
        return f"{self.tool} {self.check} {', '.join(self.objects)}"


def exceptions(text: str) -> list[ScanException]:
    """Read the exceptions; raises KeyError for one that lacks a member."""
    return [
        ScanException(each["tool"], each["check"], tuple(each["objects"]), each["reason"])
        for each in tomllib.loads(text)["exception"]
    ]


def objections(findings: Sequence[ScanFinding], excepted: Sequence[ScanException], tool: str) -> Iterator[str]:
    """The findings of a tool that no exception covers, and its exceptions that nothing needs."""
    for finding in findings:
        if not any(each.covers(finding) for each in excepted):
            yield f"{finding.object}: {finding.check}: {finding.text}"
    for each in excepted:
        if each.tool == tool:
            yield from _unneeded(each, findings)


def _unneeded(exception: ScanException, findings: Iterable[ScanFinding]) -> Iterator[str]:
    found = {finding.object for finding in findings if exception.covers(finding)}
    lost = [name for name in exception.objects if name != "*" and name not in found]
    if not found or lost:
        yield f"nothing needs the exception {exception}: {', '.join(lost) or 'none'}"


def kube_score(file: Path, version: str) -> list[ScanFinding]:
    """Ask kube-score about a file of manifests, for a version of Kubernetes such as v1.37."""
    options = ["score", "--kubernetes-version", version, "--output-format", "json"]
    program: list[str | Path] = [ROOT / "build/bin/kube-score", *options, file]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    return [
        ScanFinding(
            "kube-score",
            check["check"]["id"],
            f"{one['type_meta']['kind']}/{one['object_meta']['name']}",
            "; ".join(comment["summary"] for comment in check["comments"]),
        )
        for one in json.loads(done.stdout)
        for check in one["checks"]
        if check["grade"] < PASSED and not check["skipped"]
    ]


def checkov(file: Path) -> list[ScanFinding]:
    """Ask checkov about a file of manifests; it calls no network."""
    options = ["--framework", "kubernetes", "--output", "json", "--compact", "--quiet", "--skip-download"]
    program: list[str | Path] = [environment_python("checkov").with_name("checkov"), *options, "--file", file]
    offline = os.environ | {"CHECKOV_RUN_SCA_PACKAGE_SCAN": "false", "BC_SKIP_MAPPING": "true"}
    done = subprocess.run(program, capture_output=True, text=True, check=False, env=offline)
    failed = json.loads(done.stdout)["results"]["failed_checks"]
    return [ScanFinding("checkov", each["check_id"], _object(each["resource"]), each["check_name"]) for each in failed]


def _object(resource: str) -> str:
    """KIND/NAME of checkov's KIND.NAMESPACE.NAME."""
    kind, *_, name = resource.split(".")
    return f"{kind}/{name}"
