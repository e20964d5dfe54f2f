"""The calendar of RFC 3339, years 0000 to 9999, in days and seconds since 1970-01-01."""

from typing import Final

FIRST_DAY: Final = -719_528
"""0000-01-01 in days since 1970-01-01: RFC 3339 has no earlier year."""
LAST_DAY: Final = 2_932_896
"""9999-12-31 in days since 1970-01-01."""
DAY: Final = 86_400
"""Seconds of a day."""
FIRST_SECOND: Final = FIRST_DAY * DAY
LAST_SECOND: Final = (LAST_DAY + 1) * DAY - 1
PER_SECOND: Final = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
"""Units per second."""


def date_of(day: int) -> str:
    """Return the date of a day since 1970-01-01 in ISO 8601; a year beyond 9999 has more digits.

    Source: H. Hinnant, "chrono-compatible low-level date algorithms".
    """
    # Counted from 0000-03-01 in eras of 400 years, so that a leap day is the last day of its year.
    era, of_era = divmod(day + 719_468, 146_097)
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    number = year + era * 400 + (month <= 2)
    return f"{'-' if number < 0 else ''}{abs(number):04}-{month:02}-{of_year - (153 * shifted + 2) // 5 + 1:02}"
