"""The overlays of k8s/, rendered once each, and what whoever applies them provides."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from scripts.manifests.rendering import Manifest, render

ROOT = Path(__file__).resolve().parents[3]
OVERLAYS = ("dev", "prod")


@cache
def overlay(name: str) -> list[Manifest]:
    return render(ROOT / "k8s/overlays" / name)


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
