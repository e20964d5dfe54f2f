"""Manifests conform to the schemas of the three newest Kubernetes versions, of cert-manager and of Prometheus."""

import subprocess
from pathlib import Path

import pytest
import yaml

from scripts.manifests import custom_resources
from scripts.manifests.rendering import TOOLS, Manifest, parsed
from scripts.supply_chain.tool_environment import environment_python

VERSIONS = ("1.35", "1.36", "1.37")


def refused(manifests: list[Manifest], folder: Path) -> str:
    """What kubernetes-validate says of the objects that are Kubernetes' own, "" where it has nothing to say."""
    own = [dict(each.content) for each in manifests if not is_custom(each)]
    file = folder / "manifests.yaml"
    file.write_text(yaml.safe_dump_all(own))
    program = [environment_python(TOOLS), "-m", "kubernetes_validate", "--strict", "--quiet"]
    asked = [option for version in VERSIONS for option in ("-k", version)]
    done = subprocess.run([*program, *asked, file], capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert bool(done.returncode) == bool(said), said
    return said


def is_custom(manifest: Manifest) -> bool:
    return custom_resources.validator(manifest.content["apiVersion"], manifest.kind) is not None


def test_they_are_the_three_newest_versions() -> None:
    program = "import kubernetes_validate.utils as u; print(*sorted({u.major_minor(v) for v in u.all_versions()})[-3:])"
    done = subprocess.run([environment_python(TOOLS), "-c", program], capture_output=True, text=True, check=True)
    assert tuple(done.stdout.split()) == VERSIONS


def test_kubernetes_takes_them(manifests: list[Manifest], tmp_path: Path) -> None:
    assert refused(manifests, tmp_path) == ""


def test_an_unknown_field_is_refused(manifests: list[Manifest], tmp_path: Path) -> None:
    changed = [Manifest({**each.content, "spec": {**each.spec, "oops": 1}}) for each in manifests if each.spec]
    assert "oops" in refused(changed[:1], tmp_path)


def test_the_definitions_of_custom_resources_take_them(manifests: list[Manifest]) -> None:
    assert list(custom_resources.faults(manifests)) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("secretName: a, issuerRef: {name: b}, oops: 1", "oops"),
        ("secretName: a", "'issuerRef' is a required property"),
        ("secretName: 1, issuerRef: {name: b}", "1 is not of type 'string'"),
        ("secretName: a, issuerRef: {name: b}, privateKey: {rotationPolicy: Sometimes}", "'Sometimes' is not one of"),
    ],
)
def test_a_certificate_that_cert_manager_would_not_take_is_refused(given: str, said: str) -> None:
    text = f"{{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {{name: a}}, spec: {{{given}}}}}"
    assert said in "\n".join(custom_resources.faults(parsed(text)))
