"""The pytest plugin with the fixture `assert_conforms`. It imports pyarrow only when a test uses the fixture."""

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
    # pytest loads every installed plugin at start, and pyarrow takes long to import.
    from schemaregistry.checking import assert_conforms  # noqa: PLC0415

    return assert_conforms
