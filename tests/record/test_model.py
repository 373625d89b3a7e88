"""What a record accepts, and what it refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from avg_video.record.model import InputEntry, PolicyEntry, SecondLookEntry
from avg_video.record.versions import tool_versions
from tests.record.samples import person, record


def test_counts_must_be_those_of_the_people() -> None:
    with pytest.raises(ValidationError, match="verdicts counted, 1 and 1, got 2 and 0"):
        record(covered=2, shown=0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frames": 21}, "sum of all evidence, 20, got 21"),
        ({"last_s": 0.1}, "no less than first_s"),
        ({"verdict": "show", "confirmed": False}, "only ever seen weakly"),
        ({"frames_covered_though_shown": 1}, "0 for a covered face"),
        ({"verdict": "show", "frames_covered_though_shown": 21}, "at most frames"),
        ({"shown_s": ((0.2, 0.6),)}, "exactly when it can be seen"),
        ({"verdict": "show", "shown_s": ()}, "exactly when it can be seen"),
        ({"verdict": "show", "frames_covered_though_shown": 20}, "exactly when it can be seen"),
        ({"verdict": "show", "shown_s": ((0.1, 0.6),)}, "begin between 0.2 and 1.0"),
        ({"verdict": "show", "shown_s": ((1.1, 1.2),)}, "begin between 0.2 and 1.0"),
        ({"verdict": "show", "shown_s": ((0.6, 0.2),)}, "stretches in order"),
        ({"verdict": "show", "shown_s": ((0.2, 0.6), (0.5, 0.7))}, "stretches in order"),
        ({"reason": "Jan de Vries"}, "pattern"),
        ({"rule": "two\nlines"}, "pattern"),
        ({"name": "Jan"}, "Extra inputs"),
    ],
)
def test_an_impossible_person_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        person(1, **changes)


def test_numbers_start_at_one() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        person(0)


@pytest.mark.parametrize("numbers", [(1, 1), (2, 1)])
def test_numbers_come_once_and_in_order(numbers: tuple[int, int]) -> None:
    with pytest.raises(ValidationError, match="each number once"):
        record(people=tuple(person(n) for n in numbers), covered=2, shown=0)


@pytest.mark.parametrize("hidden", ["GPS 52.1N 5.1E", "com.apple.quicktime.location", "title=Jan", "", "a" * 61])
def test_only_kinds_of_hidden_data_fit_not_values(hidden: str) -> None:
    values = record().input.model_dump() | {"hidden": (hidden,)}
    with pytest.raises(ValidationError, match=r"hidden\.0"):
        InputEntry(**values)


@pytest.mark.parametrize(("source", "sha256"), [("none", "c" * 64), ("file", None), ("numbers", "c" * 64)])
def test_a_policy_has_a_hash_exactly_when_it_is_a_file(source: Any, sha256: str | None) -> None:
    with pytest.raises(ValidationError, match="expected one exactly when a file was used"):
        PolicyEntry(source=source, sha256=sha256, profile=None, purpose=None)


def test_a_second_look_that_was_off_found_nothing() -> None:
    with pytest.raises(ValidationError, match="expected zeros"):
        SecondLookEntry(on=False, looks=0, finds=1, frames_added=0)


def test_times_become_utc_to_the_millisecond() -> None:
    amsterdam = timezone(timedelta(hours=1))
    made = record(
        started=datetime(2025, 3, 4, 10, 30, 0, 123456, tzinfo=amsterdam),
        finished=datetime(2025, 3, 4, 9, 30, 1, tzinfo=UTC),
    )
    assert made.started == datetime(2025, 3, 4, 9, 30, 0, 123000, tzinfo=UTC)
    assert made.model_dump(mode="json")["started"] == "2025-03-04T09:30:00.123Z"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        record(started=datetime(2025, 3, 4, 9, 30))


def test_work_cannot_end_before_it_began() -> None:
    with pytest.raises(ValidationError, match="no earlier than started"):
        record(finished=datetime(2025, 3, 4, 9, 29, tzinfo=UTC))


def test_versions_name_every_part_and_not_the_computer() -> None:
    import platform

    versions = tool_versions().model_dump()
    assert all(value and value != "None" for value in versions.values())
    assert platform.node() not in versions["platform"].split()
