"""The Maven artefact: its own tests, its example, and what it would ship."""

import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def package(mvn: str, run) -> str:
    """What Maven says while it builds the artefact and runs its own suite against the real server."""
    said: str = run(mvn, "-B", "--no-transfer-progress", "package", cwd="java")
    return said


def test_its_own_suite_passes_against_a_real_server(package: str) -> None:
    assert "Failures: 0, Errors: 0, Skipped: 0" in package
    assert "Tests run: 0" not in package


def test_its_example_halts_on_a_record_that_a_new_version_refuses(package: str, toolchain, halts) -> None:
    classpath = "target/classes:target/lib/*"
    halts("java_halt", toolchain("java"), "-cp", classpath, "examples/Halt.java", cwd="java")


def test_it_ships_its_classes_and_the_stubs(package: str) -> None:
    with zipfile.ZipFile(ROOT / "clients/java/target/schemaregistry-client-0.1.0.jar") as jar:
        names = set(jar.namelist())
    assert {"schemaregistry/client/Client.class", "schemaregistry/v1/SchemaRegistryGrpc.class"} <= names
    assert not [name for name in names if "Test" in name or "Relay" in name]
