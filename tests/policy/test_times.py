"""How people write moments."""

from __future__ import annotations

from datetime import UTC, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avg_video.policy.times import format_seconds, parse_seconds
from tests.policy.worlds import quick


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:00:00", 0.0),
        ("00:03:12.5", 192.5),
        ("01:02:03.004", 3723.004),
        ("99:59:59", 359999.0),
        (0, 0.0),
        (12, 12.0),
        (12.25, 12.25),
        (time(0, 3, 12, 500000), 192.5),
    ],
)
def test_it_is_read(text: object, seconds: float) -> None:
    assert parse_seconds(text) == pytest.approx(seconds, abs=1e-9)


@pytest.mark.parametrize(
    "text",
    [
        *[
            "",
            "3:12",
            "0:03:12",
            "00:60:00",
            "00:00:60",
            "00:00:01.",
            "00:00:01,5",
            " 00:00:01",
            "-00:00:01",
            "00:00:0\u0661",
        ],
        *[True, None, [1], float("nan"), float("inf"), -1, -0.1, 360_001, 10**400, time(1, 2, 3, tzinfo=UTC)],
    ],
)
def test_anything_else_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"^it (is|lies) "):
        parse_seconds(text)


@quick
@given(st.integers(0, 359_999_000))
def test_what_is_written_is_read_back(milli: int) -> None:
    assert parse_seconds(format_seconds(milli / 1000)) == pytest.approx(milli / 1000, abs=1e-6)


@quick
@given(st.floats(0, 350_000))
def test_the_text_never_lies_before_the_moment(seconds: float) -> None:
    # A picture's time, copied from a warning into a policy, must mean that picture and not the one before.
    assert seconds - 1e-8 <= parse_seconds(format_seconds(seconds)) < seconds + 0.0011
