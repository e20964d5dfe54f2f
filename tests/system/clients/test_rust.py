"""The crate: its own tests, its example, its lints, and what it would ship."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_its_own_suite_passes_against_a_real_server(cargo: str, run) -> None:
    said = run(cargo, "test", "--locked", "-j", "2", "--test", "client", cwd="rust")
    assert "test result: ok" in said
    assert "0 passed" not in said


def test_its_example_halts_on_a_record_that_a_new_version_refuses(cargo: str, run, halts) -> None:
    run(cargo, "build", "--locked", "-j", "2", "--example", "halt", cwd="rust")
    halts("rust_halt", ROOT / "clients/rust/target/debug/examples/halt", cwd="rust")


def test_it_ships_its_code_and_the_stubs(cargo: str, run) -> None:
    listed = run(cargo, "package", "--list", "--allow-dirty", "--locked", cwd="rust").split()
    assert {"src/lib.rs", "src/gen/schemaregistry/v1/schemaregistry.v1.rs"} <= set(listed)
    assert "build.rs" not in listed


def test_the_committed_stubs_are_what_buf_generates(cargo: str, buf, tmp_path: Path) -> None:
    plugins = [f"build/rust/bin/protoc-gen-{name}" for name in ("prost", "tonic")]
    subprocess.run(["make", "-s", *plugins], cwd=ROOT, check=True)
    buf("rust", tmp_path)
    assert contents(tmp_path / "clients/rust/src/gen") == contents(ROOT / "clients/rust/src/gen")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.rs")}


def test_it_is_formatted_and_free_of_lints(cargo: str, run) -> None:
    run(cargo, "fmt", "--check", cwd="rust")
    run(cargo, "clippy", "--locked", "-j", "2", "--all-targets", "--", "-D", "warnings", cwd="rust")
