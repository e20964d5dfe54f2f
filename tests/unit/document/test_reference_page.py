"""docs/document.md names every reason that the parser has, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_lists_the_reasons_of_the_code() -> None:
    sources = (ROOT / "clients/python/schemaregistry/document").glob("*.py")
    code = set(re.findall(r'"([A-Z]+_[A-Z0-9_]+)"', "".join(path.read_text() for path in sources)))
    page = set(re.findall(r"`([A-Z]+_[A-Z0-9_]+)`", (ROOT / "docs/document.md").read_text()))
    assert code == page
