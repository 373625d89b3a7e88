"""One review that several tests look at, of a clip with two people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from avg_video.pipeline import analyse
from avg_video.policy.plan import Plan
from avg_video.review import shelf
from tests.review.server.browser import FAST, Browser, Review, reviewing
from tests.test_pipeline import two_people


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people who sit still, 1.6 s, with a tone."""
    return two_people(tmp_path_factory.mktemp("film") / "les 1.mp4", tone_s=1.6)


@pytest.fixture(scope="session")
def plan(film: Path) -> Plan:
    """Found without any review."""
    return analyse(film, FAST)


@pytest.fixture
def own(film: Path, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The film in a folder of its own, and its plan alone on the shelf."""
    path = tmp_path / "film" / film.name
    path.parent.mkdir()
    path.write_bytes(film.read_bytes())
    monkeypatch.setenv("AVG_BLUR_DATA", str(tmp_path / "data"))
    shelf.keep_plan(plan)
    return path


@pytest.fixture(scope="module")
def open_review(film: Path) -> Iterator[tuple[Review, Browser]]:
    """A review that tests may look at, but not change."""
    with reviewing(film) as (review, browser):
        yield review, browser.ready()


@pytest.fixture
def browser(open_review: tuple[Review, Browser]) -> Browser:
    """Its browser."""
    return open_review[1]
