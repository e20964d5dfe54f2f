"""docs/clients.md: each language's lines are those of its example, and the example says what the page promises.

C++'s are in tests/integration/cpp, where they are built. What grpcurl says is in docs/grpcurl.md.
"""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/clients.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S))


def is_part_of(block: str, path: str) -> bool:
    """Whether the lines stand in a file as they are, however far indented."""
    lines = [line.strip() for line in (ROOT / path).read_text(encoding="utf-8").splitlines()]
    wanted = [line.strip() for line in block.splitlines()]
    return any(lines[start : start + len(wanted)] == wanted for start in range(len(lines)))


def test_the_python_lines_do_as_the_page_says(run, tmp_path: Path) -> None:
    program = tmp_path / "first.py"
    program.write_text(BLOCKS["python"], encoding="utf-8")
    assert run(sys.executable, program, cwd=".") == BLOCKS["text"]


def test_a_client_crosses_to_another_process_as_the_page_says(run, tmp_path: Path) -> None:
    program = tmp_path / "crossing.py"
    program.write_text(BLOCKS["py"], encoding="utf-8")
    assert run(sys.executable, program, cwd=".") == "1.1.0\n"


def test_the_go_lines_do_as_the_page_says(run, go: str) -> None:
    assert is_part_of(BLOCKS["go"], "clients/go/examples/first/main.go")
    assert run(go, "run", "-p=2", "./examples/first", cwd="go") == BLOCKS["text"]


def test_the_typescript_lines_do_as_the_page_says(run, npm: str, toolchain) -> None:
    assert is_part_of(BLOCKS["typescript"], "clients/typescript/examples/first.ts")
    assert run(toolchain("node"), "dist/examples/first.js", cwd="typescript") == BLOCKS["text"]


def test_the_rust_lines_do_as_the_page_says(run, cargo: str) -> None:
    assert is_part_of(BLOCKS["rust"], "clients/rust/examples/first.rs")
    assert run(cargo, "run", "--quiet", "--locked", "-j", "2", "--example", "first", cwd="rust") == BLOCKS["text"]


def test_the_java_lines_do_as_the_page_says(run, mvn: str, toolchain) -> None:
    assert is_part_of(BLOCKS["java"], "clients/java/examples/First.java")
    java = toolchain("java")
    assert run(java, "-cp", "target/classes:target/lib/*", "examples/First.java", cwd="java") == BLOCKS["text"]


@pytest.fixture(scope="module")
def grpcurl() -> None:
    subprocess.run(["make", "-s", "grpcurl"], cwd=ROOT, check=True)


def test_grpcurl_says_what_its_page_shows(grpcurl: None, run) -> None:
    page = (ROOT / "docs/grpcurl.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"^```console\n(.*?)^```$", page, re.M | re.S)
    assert plain(run("clients/grpcurl-demo.sh", cwd="..")) == plain(shown)


def plain(said: str) -> str:
    """Without what is another one on every registry: places, revisions and times."""
    said = re.sub(r'revision": "\d+"', 'revision": ""', textwrap.dedent(said).strip())
    return re.sub(r'"registered_at": "[^"]+"', '"registered_at": ""', said)
