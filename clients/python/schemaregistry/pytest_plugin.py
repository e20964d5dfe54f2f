"""The pytest plugin: the fixture `assert_conforms`. Loads nothing else before a test asks for it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from schemaregistry.data import Report


@pytest.fixture(scope="session")
def assert_conforms() -> "Callable[..., Report]":
    """`assert_conforms(table, "ticks_v1")`: fails the test, showing the report, unless every row conforms.

    Takes what `schemaregistry.check` takes, and returns the report.
    """
    # pyarrow is loaded for those tests alone that check a table.
    from schemaregistry.checking import assert_conforms  # noqa: PLC0415

    return assert_conforms
