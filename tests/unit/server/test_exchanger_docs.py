"""The configurations in docs/exchanger.md are read as they are printed."""

import re
from pathlib import Path

import pytest

from schemaregistry_server.exchanger.config.configuration import read_config

ROOT = Path(__file__).resolve().parents[3]
BLOCKS = re.findall(r"^```toml\n(.*?)^```", (ROOT / "docs" / "exchanger.md").read_text(), re.M | re.S)
HEAD = 'listen = "127.0.0.1:0"\nname = "a"\nsigning-key = "a"\nsqlite = "a"\nplain-http = true\n'


def test_the_page_has_the_four_kinds() -> None:
    kinds = re.findall(r'^kind = "(\w+)"', "".join(BLOCKS), re.M)
    assert kinds == ["github", "gitlab", "kubernetes", "oidc"]


@pytest.mark.parametrize("block", BLOCKS)
def test_an_example_is_read(block: str, tmp_path: Path) -> None:
    (tmp_path / "exchanger.toml").write_text(block if block.startswith("listen") else HEAD + block)
    config = read_config(tmp_path / "exchanger.toml")
    assert config.token_rules
    assert all(len(rule.conditions) >= 2 for rule in config.token_rules)
