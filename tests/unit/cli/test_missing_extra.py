"""A command whose modules aren't installed says which, whatever its options are."""

import subprocess
import sys

import pytest

CODE = """
import sys
sys.modules["uvloop"] = None
from schemaregistry.cli.app import main
sys.argv = ["schemaregistry", *{words!r}]
main()
"""


@pytest.mark.parametrize("words", [["serve", "--dev"], ["serve"], ["audit", "verify", "--data", "x"]], ids=" ".join)
def test_the_module_and_the_extra_are_named(words: list[str]) -> None:
    command = [sys.executable, "-c", CODE.format(words=words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert "needs the module uvloop: pip install 'schemaregistry[server]'" in done.stderr
