"""The OpenAPI document, generated from the proto, against the running REST transport: nothing undocumented, no 5xx."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = ROOT / "build/openapi/registry.json"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
BOUNDS = ("--phases", "examples,coverage,fuzzing", "--max-examples", "15", "--generation-deterministic")


@pytest.fixture(scope="module")
def document() -> dict[str, dict[str, dict[str, object]]]:
    make = shutil.which("make")
    assert make, "`make` is not on PATH"
    subprocess.run([make, "-s", "openapi", "schemathesis"], cwd=ROOT, check=True)
    made: dict[str, dict[str, dict[str, object]]] = json.loads(DOCUMENT.read_text())
    return made


def test_it_has_each_path_of_the_api(document) -> None:
    found = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert found == {
        "GET /schema/{id}",
        "GET /schema/{id}/{version}",
        "POST /schema/{id}",
        "POST /schema/{id}/{version}/state",
        "GET /schema/{id}/consumers",
        "POST /schema/{id}/compat",
        "POST /schema/{id}/validate",
        "GET /compat/{id}/{from_version}/{to_version}",
        "GET /schemas",
        "GET /schemas/{id}",
        "GET /schemas:watch",
        "GET /contract/{id}/{version}",
        "GET /whoami",
    }


@pytest.mark.parametrize("hits", [(), ("--config-file", str(ROOT / "tests/system/gateways/schemathesis.toml"))])
def test_what_the_registry_answers_is_documented(document, running, tmp_path: Path, hits: tuple[str, ...]) -> None:
    command = [ROOT / "build/schemathesis/bin/schemathesis", *hits, "run", DOCUMENT, "--url", running.rest]
    options = ["--checks", CHECKS, *BOUNDS, "--request-timeout", "20", "--no-color", "--exclude-path", "/schemas:watch"]
    ended = subprocess.run(
        [*command, *options],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stdout[-10000:]
    assert "passed" in ended.stdout
