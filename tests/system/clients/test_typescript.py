"""The npm package: its own tests, its example, and what it would ship."""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_its_own_suite_passes_against_a_real_server(npm: str, run) -> None:
    said = run(npm, "test", cwd="typescript")
    assert "fail 0" in said
    assert "pass 0" not in said


def test_its_example_halts_on_a_record_that_a_new_version_refuses(npm: str, toolchain, halts) -> None:
    halts("ts_halt", toolchain("node"), "dist/examples/halt.js", cwd="typescript")


def test_it_ships_its_code_and_types_and_nothing_else(npm: str, run) -> None:
    packed = json.loads(run(npm, "pack", "--dry-run", "--json", cwd="typescript"))
    packed = packed if isinstance(packed, list) else list(packed.values())
    paths = {file["path"] for file in packed[0]["files"]}
    assert {"package.json", "dist/src/index.js", "dist/src/index.d.ts"} <= paths
    assert all(path == "package.json" or path.startswith("dist/src/") for path in paths)
