"""A day that does not end while the tests run: noon of 22 November 2026, as far from midnight as can be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, tzinfo
from importlib import import_module
from typing import Any

import pytest

__all__ = ["NOON", "NOW", "TODAY", "stopped"]

NOON = datetime(2026, 11, 22, 12)
"""Of this computer's own time; no clock is put forward or back within a day of it."""
NOW = NOON.astimezone(UTC)
TODAY = NOON.date()

_ASK_THE_DAY = ("register.consents", "register.runs", "cli.register", "cli.consent", "papers.office")
_ASK_THE_TIME = ("register.events", "cli.register")


class _Like(type):
    """Every date is a date, also where the name stands for this one."""

    def __instancecheck__(cls, thing: Any) -> bool:
        return isinstance(thing, cls.__mro__[1])


class _Day(date, metaclass=_Like):
    @classmethod
    def today(cls) -> date:  # type: ignore[override]
        return TODAY


class _Time(datetime, metaclass=_Like):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return NOON if tz is None else NOW.astimezone(tz)


@contextmanager
def stopped() -> Iterator[None]:
    """Within the block it is that moment for what asks the register and for what is asked of it."""
    with pytest.MonkeyPatch.context() as patch:
        for names, name, kind in ((_ASK_THE_DAY, "date", _Day), (_ASK_THE_TIME, "datetime", _Time)):
            for module in names:
                patch.setattr(import_module(f"avg_video.{module}"), name, kind)
        yield
