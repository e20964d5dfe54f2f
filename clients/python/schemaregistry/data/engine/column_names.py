"""Compare column names ignoring case and surrounding spaces."""

from collections.abc import Iterable, Sequence


def folded(name: str) -> str:
    """Return a name in lower case without surrounding white space, both of ASCII only."""
    if name.isascii():
        return name.strip(" \t\r\n\f\v").lower()
    # bytes.lower() changes ASCII letters only.
    return name.strip(" \t\r\n\f\v").encode().lower().decode()


def differing(names: Iterable[str], columns: Sequence[str]) -> dict[str, str]:
    """Map names to the columns from which they differ only in case and surrounding spaces.

    Where two names match one column, both are dropped: the choice would be a guess.
    """
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(folded(name), []).append(name)
    each = ((found.get(folded(column), ()), column) for column in columns)
    return {alike[0]: column for alike, column in each if len(alike) == 1}
