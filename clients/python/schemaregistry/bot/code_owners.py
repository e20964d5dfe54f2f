"""Read CODEOWNERS: who owns which path, by GitHub's rules; the last line that matches a path decides."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from schemaregistry.errors import MissingExtra

try:
    from codeowners import CodeOwners
except ModuleNotFoundError:
    raise MissingExtra(
        "CODEOWNERS is read by the package codeowners: pip install 'schemaregistry[bot]'", reason="MISSING_EXTRA"
    ) from None

PLACES: Final = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks for the file; the first one that is there counts."""
MOST: Final = 3 << 20
"""Bytes: GitHub doesn't read a larger file."""
_OWNER: Final = re.compile(r"@[\w.-]+(/[\w.-]+)?|[^@\s]+@[^@\s]+\.[^@\s]+")
"""An account, a team or an address; a name with a fault is none."""


def owners_file(files: Mapping[str, bytes]) -> str:
    """Return the text of the file that counts among those of PLACES (path → bytes); "" where none does."""
    raw = next((files[place] for place in PLACES if place in files), b"")
    return raw.decode(errors="replace") if len(raw) < MOST else ""


def owners_of(text: str, path: str) -> Sequence[str]:
    """Return the owners of a path as CODEOWNERS states them: `@login`, `@org/team` or an address."""
    sound = "\n".join(filter(None, map(_sound, text.splitlines())))
    return [name for _, name in CodeOwners(sound).of(path)]


def _sound(line: str) -> str:
    """Return a line without its comment; "" for one that GitHub skips.

    The package takes `[name]` for a section of GitLab's and reads ranges of characters and names in comments; in
    GitHub's form `!` and `[ ]` don't work, and a comment may follow the owners.
    """
    words = line.split()
    comment = next((index for index, word in enumerate(words) if word.startswith("#")), len(words))
    pattern = words[0] if words else ""
    skipped = pattern.startswith("!") or "[" in pattern or "]" in pattern
    return "" if skipped or not all(map(_OWNER.fullmatch, _owners(words[:comment]))) else " ".join(words[:comment])


def _owners(words: Sequence[str]) -> Sequence[str]:
    """Return the words after the pattern, in which a space is written with a backslash before it."""
    return words[next((index + 1 for index, word in enumerate(words) if not word.endswith("\\")), len(words)) :]
