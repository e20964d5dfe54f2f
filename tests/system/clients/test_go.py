"""The Go module: its own tests, its example, and stubs that are what the proto says."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
GO = ROOT / "clients/go"


def test_its_own_suite_passes_against_a_real_server(go: str, run) -> None:
    run(go, "vet", "./...", cwd="go")
    assert "ok" in run(go, "test", "-count=1", "-p=2", "./...", cwd="go")


def test_its_example_halts_on_a_record_that_a_new_version_refuses(go: str, run, halts, tmp_path: Path) -> None:
    run(go, "build", "-p=2", "-o", tmp_path / "halt", "./examples/halt", cwd="go")
    halts("go_halt", tmp_path / "halt", cwd="go")


def test_the_committed_stubs_are_what_buf_generates(buf, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "scripts.build_tools", "third_party/protoc-gen", "build/bin"], cwd=ROOT, check=True
    )
    buf("go", tmp_path)
    made = {path.name: path.read_bytes() for path in (tmp_path / "clients/go/registryv1").iterdir()}
    assert made == {path.name: path.read_bytes() for path in (GO / "registryv1").iterdir()}


def test_it_is_formatted_as_gofmt_does(go: str, run) -> None:
    gofmt = Path(go).resolve().with_name("gofmt")
    assert run(gofmt, "-l", ".", cwd="go") == ""
