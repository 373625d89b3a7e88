"""What a page says and what the program behind it has chosen."""

from __future__ import annotations

import time
from typing import Any

from tests.support.waiting import PATIENCE_S


def choices(page: Any) -> dict[str, Any]:
    """What is chosen now, as the program has it."""
    found: dict[str, Any] = page.evaluate("fetch('/api/choices').then((answer) => answer.json())")
    return found


def until(page: Any, holds: str) -> None:
    """Wait until that is so; the page allows no `wait_for_function`, which evaluates text."""
    limit = time.monotonic() + PATIENCE_S
    while not page.evaluate(holds):
        assert time.monotonic() < limit, holds
        page.wait_for_timeout(20)


def states(page: Any) -> dict[int, str]:
    return {person["number"]: person["state"] for person in choices(page)["people"]}
