"""Names of columns compared without regard to case and to spaces around them."""

from collections.abc import Iterable, Sequence


def folded(name: str) -> str:
    """A name without regard to case and to spaces around it, those of ASCII."""
    return name.strip(" \t\r\n\f\v").encode().lower().decode()


def differing(names: Iterable[str], columns: Sequence[str]) -> dict[str, str]:
    """Of names that are no columns those that are one but for case and spaces around it, where just one is."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(folded(name), []).append(name)
    each = ((found.get(folded(column), ()), column) for column in columns)
    return {alike[0]: column for alike, column in each if len(alike) == 1}
