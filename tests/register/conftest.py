"""What tests of the register have in common."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.calendar import stopped


@pytest.fixture
def one_day() -> Iterator[None]:
    """It is the day of `tests.support.calendar`, and stays it."""
    with stopped():
        yield
