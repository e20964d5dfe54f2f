"""What a go.mod asks for, and whether a program on the disk is that."""

from pathlib import Path

import pytest

from scripts.build_tools import ROOT, Tool, tools

GOMOD = """module example

go 1.26

tool example.org/one/cmd/first

require (
	example.org/one v1.2.3 // indirect
	example.org/one/cmd/first/deeper v9.9.9 // indirect
)
"""


def test_a_tool_on_one_line_takes_the_version_of_the_module_that_holds_its_package():
    assert tools(GOMOD) == [Tool("example.org/one/cmd/first", "example.org/one", "v1.2.3")]


@pytest.mark.parametrize(("module", "names"), [("etcd", {"etcd", "etcdctl", "etcdutl"}), ("grpcurl", {"grpcurl"})])
def test_each_module_of_ours_names_its_programs_at_one_version(module: str, names: set[str]):
    named = tools((ROOT / "third_party" / module / "go.mod").read_text())
    assert {tool.name for tool in named} == names
    assert len({tool.version for tool in named}) == 1


def test_a_program_of_another_version_is_not_taken_for_built(tmp_path: Path):
    (tool,) = tools(GOMOD)
    program = tmp_path / "first"
    assert not tool.is_built(program)
    program.write_bytes(b"\0path\texample.org/one/cmd/first\nmod\texample.org/one\tv1.2.3\th1:x=\n")
    assert tool.is_built(program)
    program.write_bytes(b"\0path\texample.org/one/cmd/first\nmod\texample.org/one\tv1.2.4\th1:x=\n")
    assert not tool.is_built(program)


def test_a_program_with_an_older_dependency_is_built_again(tmp_path: Path):
    (tool,) = tools(GOMOD.replace("v9.9.9", "v9.9.9\n\texample.org/two v2.0.1 // indirect"))
    program = tmp_path / "first"
    built = b"\0\nmod\texample.org/one\tv1.2.3\th1:x=\ndep\texample.org/two\tv2.0.%d\th1:x=\n"
    program.write_bytes(built % 1)
    assert tool.is_built(program)
    program.write_bytes(built % 0)
    assert not tool.is_built(program)
