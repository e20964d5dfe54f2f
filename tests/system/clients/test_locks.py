"""The lock files of every language: a machine with another mirror can use them."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LOCKS = {"go.mod", "go.sum", "package-lock.json", ".npmrc", "Cargo.lock", "Cargo.toml", "pom.xml", "requirements.txt"}
LOCKS |= {"envoy.txt", "openapi.txt", "minimum.txt"}
CARGO = r'source = "registry\+https://github\.com/rust-lang/[a-z.]+-index"\n'
"""Cargo's fixed name of its default index, whatever is configured as its place (docs/decisions/clients.md)."""
XML = r"https?://(maven\.apache\.org/POM|www\.w3\.org|maven\.apache\.org/xsd)/\S*"


def test_no_lock_file_names_a_registry() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    locks = [path for path in tracked if Path(path).name in LOCKS]
    assert {Path(path).name for path in locks} == LOCKS
    for path in locks:
        text = re.sub(f"{CARGO}|{XML}", "", (ROOT / path).read_text(encoding="utf-8"))
        assert "://" not in text, path
