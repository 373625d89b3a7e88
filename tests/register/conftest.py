"""What tests of the register have in common."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.register.shelf import Shelf
from tests.support.calendar import stopped


@pytest.fixture
def one_day() -> Iterator[None]:
    """It is the day of `tests.support.calendar`, and stays it."""
    with stopped():
        yield


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Recordings and copies, and a register that knows of them."""
    return Shelf(tmp_path.resolve())
