"""Lines that lack consent: they show nobody, cover whom they point at, and keep their place in the numbering."""

from __future__ import annotations

from typing import Any

import pytest

from tests.policy.worlds import FPS, LEFT, RIGHT, WHOLE, H, W, by_id, judged, reasons, track

A, B = (100, 250), (800, 250)


def at(picture: int, x: float, y: float) -> dict[str, float]:
    return {"t": picture / FPS, "x": x / W, "y": y / H}


def show(*, withheld: bool, where: tuple[float, float] = A) -> dict[str, Any]:
    return {"who": "pupil", "pupil": "L07", "at": at(5, *where), "withheld": withheld}


def test_a_withheld_show_line_covers_and_the_same_line_shows() -> None:
    tracks = [track(1, 0, 99, A), track(2, 0, 99, B)]
    shown = by_id(judged(tracks, {"show": [show(withheld=False)]}))[1]
    assert (shown.verdict, str(shown.reason), shown.rule) == ("show", "shown-point", "show pupil L07")
    kept = by_id(judged(tracks, {"show": [show(withheld=True)]}))[1]
    assert (kept.verdict, str(kept.reason), kept.rule) == ("cover", "consent-missing", "show pupil L07")


def test_no_region_shows_whom_a_withheld_line_points_at() -> None:
    tracks = [track(1, 0, 99, A), track(2, 0, 99, B)]
    found = judged(tracks, {"show": [show(withheld=True)], "consent_region": [{"polygon": WHOLE}]})
    assert reasons(found) == {1: "consent-missing", 2: "in-region"}


def test_pieces_of_somebody_whose_consent_is_missing_are_covered_too() -> None:
    tracks = [track(1, 0, 40, A), track(2, 50, 99, A)]
    found = judged(tracks, {"show": [show(withheld=True)], "consent_region": [{"polygon": WHOLE}]})
    assert reasons(found) == {1: "consent-missing", 2: "objection-inherited"}


def test_a_withheld_point_on_nobody_closes_every_region() -> None:
    nowhere = show(withheld=True, where=(500, 50))
    found = judged([track(1, 0, 99, A)], {"show": [nowhere], "consent_region": [{"polygon": WHOLE}]})
    assert reasons(found) == {1: "objection-unresolved"}
    assert found.needs_look


def test_a_withheld_region_shows_nobody_and_the_others_keep_their_numbers() -> None:
    tracks = [track(1, 0, 99, A), track(2, 0, 99, B), track(3, 0, 99, (505, 250))]
    policy = {"consent_region": [{"polygon": LEFT, "withheld": True}, {"polygon": RIGHT}]}
    found = by_id(judged(tracks, policy))
    assert [(str(found[i].reason), found[i].rule) for i in (1, 2, 3)] == [
        ("consent-missing", "consent_region 1"),
        ("in-region", "consent_region 2"),
        ("outside-region", None),
    ]


@pytest.mark.parametrize("withheld", [0, 1])
def test_regions_that_follow_each_other_show_only_when_both_do(withheld: int) -> None:
    regions: list[dict[str, Any]] = [{"polygon": WHOLE, "to": 2.0}, {"polygon": WHOLE, "from": 2.0}]
    tracks = [track(1, 0, 99, A)]
    assert reasons(judged(tracks, {"consent_region": regions})) == {1: "in-region"}
    regions[withheld]["withheld"] = True
    found = by_id(judged(tracks, {"consent_region": regions}))[1]
    assert (str(found.reason), found.rule) == ("consent-missing", "consent_region 1, 2")
