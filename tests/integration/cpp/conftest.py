"""What the tests of the C++ tools stand on: `make test` and `make cpp` build them; a test that lacks them says so."""

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from schemaregistry.contract import compile_contract
from schemaregistry.document import parse

ROOT = Path(__file__).resolve().parents[3]
BUILD = ROOT / os.environ.get("SCHEMAREGISTRY_CPP_BUILD", "build/cpp")
OF_THE_RUN = ("seconds", "rows_per_second", "peak_memory_bytes")


@dataclass(frozen=True)
class Ran:
    """What `schema-load` did."""

    code: int
    stdout: str
    stderr: str

    @property
    def report(self) -> dict[str, Any]:
        """The JSON object on stdout, without what differs from run to run."""
        found: dict[str, Any] = json.loads(self.stdout)
        return {name: value for name, value in found.items() if name not in OF_THE_RUN}


@pytest.fixture(scope="session")
def built() -> Callable[[str], Path]:
    """A program of the build. A test without it is skipped, and fails where CI is set: `make test` builds it there."""

    def find(name: str) -> Path:
        if not (BUILD / name).exists():
            message = f"{BUILD / name} isn't built: run `make cpp` (`make cpp-needs` installs what it needs)"
            (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
        return BUILD / name

    return find


@pytest.fixture
def schema_load(built: Callable[[str], Path]) -> Callable[..., Ran]:
    """Run `schema-load` with some words; a relative file is found in `cwd`."""
    program = built("schema-load")

    def run(*words: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> Ran:
        done = subprocess.run(
            [program, *words],
            cwd=cwd,
            env=os.environ | (env or {}),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def compiled(tmp_path: Path) -> Callable[[bytes], Path]:
    """Compile a document to a contract's file."""

    def compile_(document: bytes) -> Path:
        path = tmp_path / "contract.pb"
        path.write_bytes(compile_contract(parse(document)).SerializeToString(deterministic=True))
        return path

    return compile_
