"""The timeline of a report: who is covered and who is visible when, as bars in percent of the recording's length.

Every number has a row while that stays readable. With more, the numbers that share a verdict, a reason and a rule are
drawn together in thin lanes, and where even these would be many, as how many there are at once. Nothing is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal

from avg_video.language import tr, trn
from avg_video.record.model import PersonEntry
from avg_video.record.report_words import REASONS, clock, number_ranges, stretch, word

__all__ = ["Bar", "Group", "Row", "Tick", "bars_of", "groups_of", "ticks_of"]

ROWS_AT_MOST: Final = 40
"""Rows that fit on about one page of A4; with more, the larger groups are drawn together."""
LANES_AT_MOST: Final = 14
"""Lanes of a group; with more, it is drawn as how many there are at once."""
LANE_PX: Final = 5
ROW_PX: Final = 14
CROWD_PX: Final = 56
CROWD_BINS: Final = 160
NARROWEST: Final = 0.3
"""Percent of the width that the shortest stretch still gets, so that it can be seen on paper."""

TICKS_AT_MOST: Final = 6
_STEPS_S: Final = (
    *(0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10800, 21600, 43200, 86400),
)

Kind = Literal["cover", "show", "watched"]
Key = tuple[str, str, str | None]
"""Verdict, reason and rule."""
_ORDER: Final = (
    *("shown-number", "shown-point", "in-region"),
    *("objected-number", "objected-point", "objected-seat", "objection-inherited", "objection-unresolved", "seat-lost"),
    "consent-missing",
)
"""Who is visible comes first, then who objected; other reasons follow by name."""


@dataclass(frozen=True)
class Bar:
    """One rectangle: what it means, its left edge and width in percent, and its top and height in px."""

    kind: Kind
    x: str
    width: str
    y: float
    height: float


@dataclass(frozen=True)
class Row:
    """One line of the timeline: its label, when it is, its bars, its height in px and what a screen reader says."""

    label: str
    when: str
    bars: tuple[Bar, ...]
    height: int
    said: str
    most: int | None = None
    """How many there are at once at the highest place, where the row is drawn so."""


@dataclass(frozen=True)
class Group:
    """Numbers with one verdict and one reason; `rule` is None where no line of the policy spoke."""

    verdict: str
    why: str
    rule: str | None
    numbers: str
    packed: bool
    """Whether its numbers share one row, which then needs `numbers` to say which they are."""
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Tick:
    """A moment on the axis: where, in percent, what it says, and how the text stands to the line."""

    x: str
    label: str
    anchor: Literal["start", "middle", "end"]


def ticks_of(length_s: float) -> tuple[Tick, ...]:
    """The axis of a recording of that many seconds: round moments, at most seven."""
    step = next((step for step in _STEPS_S if length_s / step <= TICKS_AT_MOST), _STEPS_S[-1])
    ticks = []
    for index in range(int(length_s / step + 1e-9) + 1):
        share = index * step / length_s
        anchor: Literal["start", "middle", "end"] = "start" if index == 0 else "end" if share > 0.95 else "middle"
        ticks.append(Tick(_percent(share), clock(index * step, tenths=step < 1), anchor))
    return tuple(ticks)


def bars_of(
    kind: Kind, stretches_s: Iterable[tuple[float, float]], length_s: float, *, y: float = 0, height: float = ROW_PX
) -> tuple[Bar, ...]:
    """Bars for stretches in seconds."""
    bars = []
    for start, end in stretches_s:
        left = min(max(start / length_s, 0.0), 1.0)
        width = max(min(end / length_s, 1.0) - left, NARROWEST / 100)
        bars.append(Bar(kind, _percent(min(left, 1 - width)), _percent(width), y, height))
    return tuple(bars)


def groups_of(people: Sequence[PersonEntry], length_s: float) -> tuple[Group, ...]:
    """Everybody, in groups of one verdict, reason and rule; `length_s`: of the recording, more than 0."""
    groups = _sorted_into([(p, (p.verdict, p.reason, p.rule)) for p in people])
    if len(groups) > ROWS_AT_MOST:
        # A class in which dozens objected, each by a line of their own.
        groups = _sorted_into([(p, (p.verdict, p.reason, None)) for p in people])
    packed = _packed([(key[0], len(members)) for key, members in groups])
    return tuple(_group(key, members, length_s, packed=index in packed) for index, (key, members) in enumerate(groups))


def _packed(sizes: Sequence[tuple[str, int]]) -> set[int]:
    """Which groups share one row each, so that no more than `ROWS_AT_MOST` are left: large ones before small ones, and
    those of covered people before those of visible ones. `sizes`: verdict and number of members of each group."""
    packed: set[int] = set()
    order = sorted(range(len(sizes)), key=lambda index: (sizes[index][0] == "show", -sizes[index][1]))
    for index in order:
        if sum(1 if at in packed else n for at, (_, n) in enumerate(sizes)) <= ROWS_AT_MOST:
            break
        packed.add(index)
    return packed


def _sorted_into(keyed: list[tuple[PersonEntry, Key]]) -> list[tuple[Key, list[PersonEntry]]]:
    def place(item: tuple[PersonEntry, Key]) -> tuple[bool, int, str, str]:
        verdict, reason, rule = item[1]
        rank = _ORDER.index(reason) if reason in _ORDER else len(_ORDER)
        return verdict != "show", rank, reason, rule or ""

    keyed = sorted(keyed, key=place)
    return [(key, [person for person, _ in items]) for key, items in groupby(keyed, key=lambda item: item[1])]


def _group(key: Key, members: Sequence[PersonEntry], length_s: float, *, packed: bool) -> Group:
    verdict, reason, rule = key
    return Group(
        verdict=verdict,
        why=word(REASONS, reason),
        rule=rule,
        numbers=number_ranges(person.number for person in members),
        packed=packed,
        rows=(_together(members, length_s),) if packed else _rows(members, length_s),
    )


def _rows(members: Sequence[PersonEntry], length_s: float) -> tuple[Row, ...]:
    rows = []
    for person in members:
        when = _when(person.first_s, person.last_s, length_s)
        said = (
            tr("Number {number}: visible in the light parts, {when}", number=person.number, when=when)
            if person.verdict == "show"
            else tr("Number {number}: covered, {when}", number=person.number, when=when)
        )
        rows.append(Row(str(person.number), when, _person_bars(person, length_s), ROW_PX, said))
    return tuple(rows)


def _person_bars(person: PersonEntry, length_s: float, y: float = 0, height: float = ROW_PX) -> tuple[Bar, ...]:
    """Their whole stretch as covered, and over it where they are visible."""
    whole = bars_of("cover", [(person.first_s, person.last_s)], length_s, y=y, height=height)
    return (*whole, *bars_of("show", person.shown_s, length_s, y=y, height=height))


def _together(members: Sequence[PersonEntry], length_s: float) -> Row:
    """All of them in one row: in lanes in which nobody overlaps, or as how many there are at once."""
    lanes: list[list[PersonEntry]] = []
    for person in sorted(members, key=lambda p: p.first_s):
        free = next((lane for lane in lanes if lane[-1].last_s + length_s * NARROWEST / 100 < person.first_s), None)
        if free is None:
            lanes.append([person])
        else:
            free.append(person)
    first_s, last_s = min(p.first_s for p in members), max(p.last_s for p in members)
    label = trn("{n} number", "{n} numbers", len(members))
    when = _when(first_s, last_s, length_s)
    if len(lanes) <= LANES_AT_MOST:
        bars = tuple(
            bar
            for index, lane in enumerate(lanes)
            for person in lane
            for bar in _person_bars(person, length_s, y=index * LANE_PX, height=LANE_PX - 1)
        )
        height = max(len(lanes) * LANE_PX, ROW_PX)
        said = trn("{n} number, {when}", "{n} numbers in thin lines, {when}", len(members), when=when)
        return Row(label, when, bars, height, said)
    bars, most = _crowd(members, length_s)
    said = tr("{count} numbers, {when}, as how many at once, at most {most}", count=len(members), when=when, most=most)
    return Row(label, when, bars, CROWD_PX, said, most)


def _crowd(members: Sequence[PersonEntry], length_s: float) -> tuple[tuple[Bar, ...], int]:
    """How many there are in each small part of the recording, the visible ones below, and the most at once."""
    covered, visible = [0] * CROWD_BINS, [0] * CROWD_BINS
    for person in members:
        seen = {index for start, end in person.shown_s for index in _bins(start, end, length_s)}
        for index in _bins(person.first_s, person.last_s, length_s):
            (visible if index in seen else covered)[index] += 1
    most = max(a + b for a, b in zip(covered, visible, strict=True))
    bars = []
    for index in range(CROWD_BINS):
        x, width = _percent(index / CROWD_BINS), _percent(1 / CROWD_BINS)
        shown, hidden = CROWD_PX * visible[index] / most, CROWD_PX * covered[index] / most
        if shown:
            bars.append(Bar("show", x, width, round(CROWD_PX - shown, 2), round(shown, 2)))
        if hidden:
            bars.append(Bar("cover", x, width, round(CROWD_PX - shown - hidden, 2), round(hidden, 2)))
    return tuple(bars), most


def _bins(start_s: float, end_s: float, length_s: float) -> range:
    first = min(int(start_s / length_s * CROWD_BINS), CROWD_BINS - 1)
    last = min(int(end_s / length_s * CROWD_BINS), CROWD_BINS - 1)
    return range(first, last + 1)


def _when(start_s: float, end_s: float, length_s: float) -> str:
    """From and to; to the second where hours make it long. The record has them to the millisecond."""
    return stretch(start_s, end_s, tenths=length_s < 3600)


def _percent(share: float) -> str:
    return f"{share * 100:.2f}%"
