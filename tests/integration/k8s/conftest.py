"""The overlays of k8s/, rendered once each, and what whoever applies them provides."""

import re
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from scripts.manifests.rendering import Manifest, render

ROOT = Path(__file__).resolve().parents[3]
POD_CERTIFICATES = "prod with pod certificates"
OVERLAYS = ("dev", "prod", POD_CERTIFICATES)


@cache
def overlay(name: str) -> list[Manifest]:
    """An overlay, rendered; `prod` also with the other component for its certificates."""
    if name != POD_CERTIFICATES:
        return render(ROOT / "k8s/overlays" / name)
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "k8s"
        shutil.copytree(ROOT / "k8s", copy)
        chosen = copy / "overlays/prod/kustomization.yaml"
        chosen.write_text(chosen.read_text("utf-8").replace("tls-cert-manager", "tls-pod-certificates"))
        return render(copy / "overlays/prod")


@pytest.fixture(params=OVERLAYS)
def manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    """All objects of an overlay; a test that takes them runs once for each."""
    return overlay(request.param)


@pytest.fixture
def prod() -> list[Manifest]:
    return overlay("prod")


@pytest.fixture(scope="session")
def provided() -> Callable[[str], dict[str, set[str]]]:
    """A factory: `provided("Secret")` gives names and keys of what docs/kubernetes.md tells one to make."""
    page = (ROOT / "docs/kubernetes.md").read_text("utf-8")
    rows = re.findall(r"^\| (Secret|ConfigMap) `([\w-]+)` \| ([^|]*) \|", page, re.M)
    return lambda kind: {name: set(re.findall(r"`([^`]+)`", keys)) for of, name, keys in rows if of == kind}
