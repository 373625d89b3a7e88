"""The timeline of a report: everybody is on it, at the right place, and it stays readable."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avg_video import language
from avg_video.record.model import PersonEntry
from avg_video.record.report_timeline import (
    CROWD_PX,
    LANES_AT_MOST,
    NARROWEST,
    ROWS_AT_MOST,
    Bar,
    Group,
    bars_of,
    groups_of,
    ticks_of,
)
from avg_video.record.report_words import clock, number_ranges
from tests.record.report_samples import crowd, stretch

LENGTH_S = 600.0


def percent(text: str) -> float:
    assert text.endswith("%")
    return float(text[:-1])


def rows(groups: tuple[Group, ...]) -> int:
    return sum(len(group.rows) for group in groups)


def numbers_of(group: Group) -> set[int]:
    """The numbers that a group stands for, as its label says them (short lists only)."""
    found: set[int] = set()
    for part in group.numbers.split(", "):
        first, _, last = part.partition("\N{EN DASH}")
        found |= set(range(int(first), int(last or first) + 1))
    return found


@pytest.mark.parametrize("length_s", [0.04, 0.5, 3.2, 10.0, 59.9, 60.0, 61.0, 600.0, 1471.0, 5400.0, 86399.0, 172800.0])
def test_axis_has_a_few_round_moments_from_the_start(length_s: float) -> None:
    ticks = ticks_of(length_s)
    places = [percent(tick.x) for tick in ticks]
    assert places[0] == 0
    assert 1 <= len(ticks) <= 7
    assert all(a < b for a, b in pairwise(places))
    assert places[-1] <= 100
    assert len({tick.label for tick in ticks}) == len(ticks)


@pytest.mark.parametrize("length_s", [10.0, 1471.0, 172800.0])
def test_axis_is_right(length_s: float) -> None:
    tick = ticks_of(length_s)[1]
    minutes, _, seconds = tick.label.rpartition(":")
    hours, _, minutes = minutes.rpartition(":")
    at_s = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    assert percent(tick.x) == pytest.approx(at_s / length_s * 100, abs=0.01)


def test_bars_are_where_the_stretches_are() -> None:
    bars = bars_of("show", [(60.0, 120.0), (300.0, 600.0)], LENGTH_S)
    assert [(percent(bar.x), percent(bar.width)) for bar in bars] == [(10.0, 10.0), (50.0, 50.0)]


@pytest.mark.parametrize("at_s", [0.0, 300.0, 599.99, 600.0, 700.0])
def test_a_moment_can_be_seen_and_stays_within_the_picture(at_s: float) -> None:
    (bar,) = bars_of("cover", [(at_s, at_s)], LENGTH_S)
    assert percent(bar.width) == NARROWEST
    assert 0 <= percent(bar.x) <= 100 - NARROWEST + 0.01


def test_who_is_visible_is_drawn_over_where_they_would_be_covered() -> None:
    person = stretch(1, 60.0, 540.0, "shown-point").model_copy(update={"shown_s": ((60.0, 240.0), (300.0, 540.0))})
    (group,) = groups_of([person], LENGTH_S)
    (row,) = group.rows
    kinds = [(bar.kind, percent(bar.x), percent(bar.width)) for bar in row.bars]
    assert kinds == [("cover", 10.0, 80.0), ("show", 10.0, 30.0), ("show", 50.0, 40.0)]
    assert "visible" in row.said


def test_visible_come_first_then_who_objected_then_the_rest() -> None:
    people = [
        stretch(1, 0, 9),
        stretch(2, 0, 9, "unconfirmed"),
        stretch(3, 0, 9, "objected-seat", rule="objected 2"),
        stretch(4, 0, 9, "objected-seat", rule="objected 1"),
        stretch(5, 0, 9, "in-region", rule="consent_region 1"),
        stretch(6, 0, 9, "shown-number", rule="--show 6"),
    ]
    groups = groups_of(people, LENGTH_S)
    assert [row.label for group in groups for row in group.rows] == ["6", "5", "4", "3", "1", "2"]
    assert [group.verdict for group in groups] == ["show", "show", "cover", "cover", "cover", "cover"]


def test_visible_for_a_reason_of_a_later_version_still_come_first() -> None:
    later = stretch(2, 0, 9, "in-region").model_copy(update={"reason": "z-later-reason"})
    assert [group.verdict for group in groups_of([stretch(1, 0, 9), later], LENGTH_S)] == ["show", "cover"]


@pytest.mark.parametrize("count", [1, ROWS_AT_MOST])
def test_a_class_has_a_row_for_each(count: int) -> None:
    people = [stretch(n, n, n + 50) for n in range(1, count + 1)]
    (group,) = groups_of(people, LENGTH_S)
    assert [row.label for row in group.rows] == [str(n) for n in range(1, count + 1)]
    assert not group.packed


def test_a_crowd_stays_readable_and_nobody_is_left_out() -> None:
    people = list(crowd(300).people)
    groups = groups_of(people, 5400.0)
    assert rows(groups) <= ROWS_AT_MOST
    shown = next(group for group in groups if group.verdict == "show")
    assert [row.label for row in shown.rows] == ["1", "61", "121", "181", "241"]
    packed = [group for group in groups if group.packed]
    assert sum(int(group.rows[0].label.split()[0]) for group in packed) + rows(groups) - len(packed) == 300


def test_the_visible_keep_their_rows_longest() -> None:
    people = [
        stretch(n, 0, 9, "in-region" if n <= 30 else "no-rule" if n <= 55 else "unconfirmed") for n in range(1, 61)
    ]
    groups = groups_of(people, LENGTH_S)
    assert [(group.verdict, group.packed, len(group.rows)) for group in groups] == [
        ("show", False, 30),
        ("cover", True, 1),
        ("cover", False, 5),
    ]


def test_dozens_of_rules_are_drawn_by_reason() -> None:
    people = [stretch(n, 0, 9, "objected-point", rule=f"objected L{n}") for n in range(1, 61)]
    (group,) = groups_of(people, LENGTH_S)
    assert group.rule is None
    assert group.packed
    assert numbers_of(group) == set(range(1, 61))


def lanes(bars: tuple[Bar, ...]) -> dict[float, list[tuple[float, float]]]:
    found: dict[float, list[tuple[float, float]]] = {}
    for bar in bars:
        found.setdefault(bar.y, []).append((percent(bar.x), percent(bar.x) + percent(bar.width)))
    return found


def test_in_a_lane_nobody_is_drawn_over_another() -> None:
    random = Random(3)
    people = []
    for number in range(1, 81):
        start = round(random.uniform(0, 580), 1)
        people.append(stretch(number, start, min(start + random.uniform(0, 40), 599.0)))
    (group,) = groups_of(people, LENGTH_S)
    (row,) = group.rows
    assert row.most is None
    assert len(row.bars) == 80
    assert 1 < len(lanes(row.bars)) <= LANES_AT_MOST
    for stretches in lanes(row.bars).values():
        assert all(a[1] <= b[0] + 0.011 for a, b in pairwise(sorted(stretches)))
    assert row.height >= max(bar.y + bar.height for bar in row.bars)


def test_too_many_at_once_are_drawn_as_how_many() -> None:
    people = [stretch(n, 0.0, 300.0) for n in range(1, 81)] + [stretch(n, 300.0, 599.0) for n in range(81, 101)]
    (group,) = groups_of(people, LENGTH_S)
    (row,) = group.rows
    assert row.most == 100, "at 5:00 the last see the first go"
    heights = {percent(bar.x): bar.height for bar in row.bars}
    assert heights[0.0] == pytest.approx(CROWD_PX * 0.8)
    assert heights[75.0] == pytest.approx(CROWD_PX * 0.2)
    assert "at most 100" in row.said


def test_in_a_crowd_the_visible_are_told_from_the_covered() -> None:
    people = [stretch(n, 0.0, 599.0, "in-region").model_copy(update={"shown_s": ((0.0, 299.0),)}) for n in range(1, 51)]
    (group,) = groups_of(people, LENGTH_S)
    kinds = Counter(bar.kind for bar in group.rows[0].bars)
    assert kinds == {"show": 80, "cover": 80}


@st.composite
def somebody(draw: st.DrawFn) -> list[PersonEntry]:
    people = []
    for number in range(1, draw(st.integers(1, 90)) + 1):
        start = draw(st.floats(0, LENGTH_S))
        reason = draw(st.sampled_from(["no-rule", "shown-number", "objected-point", "a-later-reason"]))
        rule = draw(st.sampled_from([None, "one", "two", *(f"rule {number}" for _ in range(3))]))
        people.append(stretch(number, start, draw(st.floats(start, LENGTH_S)), reason, rule=rule))
    return people


@settings(max_examples=30, deadline=None)
@given(somebody())
def test_everybody_is_on_it_once_and_within_the_picture(people: list[PersonEntry]) -> None:
    groups = groups_of(people, LENGTH_S)
    assert rows(groups) <= ROWS_AT_MOST
    counted = sum(int(group.rows[0].label.split()[0]) if group.packed else len(group.rows) for group in groups)
    assert counted == len(people)
    for group in groups:
        for row in group.rows:
            assert row.bars
            for bar in row.bars:
                assert -0.01 <= percent(bar.x) <= 100
                assert percent(bar.x) + percent(bar.width) <= 100.02
                assert bar.y >= 0
                assert bar.y + bar.height <= row.height + 0.02


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([], ""),
        ([4], "4"),
        ([1, 2], "1\N{EN DASH}2"),
        ([3, 5, 8, 9, 10], "3, 5, 8\N{EN DASH}10"),
        (list(range(1, 80, 2)), ", ".join(map(str, range(1, 48, 2))) + " and 16 more"),
    ],
)
def test_numbers_in_short(numbers: list[int], said: str) -> None:
    assert number_ranges(numbers) == said


@pytest.mark.parametrize(
    ("at_s", "said"),
    [(0, "0:00.0"), (4.24, "0:04.2"), (59.96, "1:00.0"), (3599.99, "1:00:00.0"), (37262.3, "10:21:02.3")],
)
def test_clock_is_that_of_a_player(at_s: float, said: str) -> None:
    assert clock(at_s) == said
    language.use("nl")
    try:
        assert clock(at_s) == said.replace(".", ",")
    finally:
        language.use("en")
