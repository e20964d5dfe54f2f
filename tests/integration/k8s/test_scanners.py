"""kube-score and checkov have nothing to say of the manifests but what k8s/exceptions.toml has a reason for."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from scripts.manifests import scanners
from scripts.manifests.scanners import ScanException, ScanFinding
from tests.integration.k8s.conftest import ROOT, overlay

EXCEPTIONS = scanners.exceptions((ROOT / "k8s/exceptions.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `prod` renders to, in one file; each other overlay has less."""
    path = tmp_path_factory.mktemp("prod") / "prod.yaml"
    path.write_text(yaml.safe_dump_all(dict(each.content) for each in overlay("prod")))
    return path


def test_kube_score_says_nothing_more(file: Path) -> None:
    build = [sys.executable, "-m", "scripts.build_tools", "third_party/kube-score", "build/bin"]
    subprocess.run(build, cwd=ROOT, check=True)
    assert list(scanners.objections(scanners.kube_score(file, "v1.37"), EXCEPTIONS, "kube-score")) == []


def test_checkov_says_nothing_more(file: Path) -> None:
    assert list(scanners.objections(scanners.checkov(file), EXCEPTIONS, "checkov")) == []


FOUND = ScanFinding("checkov", "CKV_1", "Deployment/a", "text")


def test_a_finding_without_an_exception_is_told() -> None:
    assert list(scanners.objections([FOUND], [], "checkov")) == ["Deployment/a: CKV_1: text"]


@pytest.mark.parametrize("objects", [("*",), ("Deployment/a",)])
def test_an_exception_covers_its_objects(objects: tuple[str, ...]) -> None:
    assert list(scanners.objections([FOUND], [ScanException("checkov", "CKV_1", objects, "so")], "checkov")) == []


def test_an_exception_that_nothing_needs_is_told() -> None:
    unneeded = ScanException("checkov", "CKV_1", ("Deployment/a", "Deployment/b"), "so")
    assert list(scanners.objections([FOUND], [unneeded], "checkov")) == [
        "nothing needs the exception checkov CKV_1 Deployment/a, Deployment/b: Deployment/b"
    ]


def test_every_exception_has_a_reason() -> None:
    assert all(len(each.reason) > 20 for each in EXCEPTIONS)
