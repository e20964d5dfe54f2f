"""A number with its noun, in words for people."""


def counted(number: int, noun: str, several: str = "") -> str:
    """Return a number with its noun: `1 row`, `2 rows`. `several` is the noun's plural where it isn't with an s."""
    return f"{number:,} {noun if number == 1 else several or f'{noun}s'}"
