"""`make sbom`: the list of parts of the wheel that is built, by CycloneDX's own schema, the same each time."""

import hashlib
import json
import os
import re
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from scripts.lock_metadata import pinned
from scripts.pythons import ROOT
from scripts.supply_chain import sbom
from scripts.supply_chain.cyclonedx_schema import faults
from scripts.supply_chain.tool_environment import environment_python

EPOCH = "1700000000"
LOCK = (ROOT / "requirements.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", EPOCH)
        return sbom.write(tmp_path_factory.mktemp("sbom"))


@pytest.fixture(scope="module")
def document(written: Path) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(written.read_text(encoding="utf-8"))
    return parsed


def test_it_is_of_the_wheel_beside_it(written: Path, document: dict[str, Any]) -> None:
    wheel = written.with_suffix("").with_suffix("")
    part = document["metadata"]["component"]
    assert part["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(wheel.read_bytes()).hexdigest()}]
    [metadata] = [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".dist-info/METADATA")]
    assert f"Version: {part['version']}" in zipfile.ZipFile(wheel).read(metadata).decode()
    assert document["metadata"]["timestamp"] == "2023-11-14T22:13:20+00:00"


def test_it_has_every_locked_distribution_with_its_hashes_and_a_licence(document: dict[str, Any]) -> None:
    pins = {f"pkg:pypi/{pin.name}@{str(pin.specifier).removeprefix('==')}" for pin in pinned(LOCK)}
    parts = {part["purl"]: part for part in document["components"]}
    assert set(parts) == pins
    hashes = {one["content"] for part in parts.values() for one in part["externalReferences"][0]["hashes"]}
    assert hashes == set(re.findall(r"--hash=sha256:([0-9a-f]+)", LOCK))
    assert all(part["licenses"] for part in parts.values())


def test_it_tells_what_each_installation_needs_from_extras_and_tools(document: dict[str, Any]) -> None:
    scopes = {part["name"]: part["scope"] for part in document["components"]}
    assert (scopes["grpcio"], scopes["uvicorn"], scopes["pytest"]) == ("required", "optional", "excluded")


def test_it_tells_what_requires_what(document: dict[str, Any]) -> None:
    edges = {one["ref"].partition("@")[0]: one.get("dependsOn", []) for one in document["dependencies"]}
    assert "pkg:pypi/h11" in {ref.partition("@")[0] for ref in edges["pkg:pypi/uvicorn"]}
    assert "pkg:pypi/uvicorn" in {ref.partition("@")[0] for ref in edges["pkg:pypi/schemaregistry"]}
    assert len(document["dependencies"]) == len(document["components"]) + 1


def test_it_conforms_to_the_schema_which_finds_what_doesn_t(document: dict[str, Any]) -> None:
    assert faults(document) == []
    wrong = json.loads(json.dumps(document)) | {"unknown": 1}
    wrong["components"][0]["licenses"] = [{"license": {"id": "No-such-licence"}}]
    wrong["components"][1]["scope"] = "sometimes"
    assert sorted(line.partition(":")[0] for line in faults(wrong)) == [
        "/", "/components/0/licenses", "/components/1/scope",
    ]  # fmt: skip


def test_the_same_wheel_gives_the_same_bytes(written: Path, tmp_path: Path) -> None:
    wheel, again = written.with_suffix("").with_suffix(""), tmp_path / "again.json"
    command = [environment_python(), "-m", "scripts.supply_chain.bill_of_materials", wheel, again]
    environment = os.environ | {"SOURCE_DATE_EPOCH": EPOCH, "PYTHONHASHSEED": "7"}
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    assert again.read_bytes() == written.read_bytes()
