"""A browser without a screen, and reviews whose page is open in it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from avg_video.pipeline import analyse
from avg_video.policy.plan import Plan
from avg_video.review import shelf
from tests.review.server.browser import FAST, Hold, Review, held_at_faces
from tests.support.waiting import PATIENCE_S
from tests.test_pipeline import two_people

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LAPTOP = {"width": 1366, "height": 650}
"""What a browser's own bars leave of 1366 x 768."""
WAIT_MS = 1000 * PATIENCE_S


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser that is installed here."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    with api.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS), timeout=WAIT_MS)
        yield browser
        browser.close()


class Watched:
    """A page, and everything about it that must never be.

    Attributes
    ----------
    faults: errors of scripts and of the console; `asked`: every address that was asked for; `dialogs`: boxes that
    scripts opened.
    """

    def __init__(self, browser: Any, **more: Any) -> None:
        self.context = browser.new_context(**{"viewport": LAPTOP, **more})
        self.page = self.context.new_page()
        self.page.set_default_timeout(WAIT_MS)
        self.faults: list[str] = []
        self.asked: list[str] = []
        self.dialogs: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._said)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("dialog", self._asked)

    def _said(self, message: Any) -> None:
        refused = any(f"status of {status}" in message.text for status in (409, 422))  # told on the page
        if message.type in ("error", "warning") and not refused:
            self.faults.append(f"{message.text} {message.location}")

    def _asked(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def open(self, address: str) -> Any:
        """Open it and wait until there is something to choose from."""
        self.page.goto(address)
        return self.stands()

    def stands(self) -> Any:
        """Wait until the film is on screen."""
        self.page.wait_for_selector("html[data-ready]", state="attached")
        self.page.wait_for_selector(".frame[data-picture]")
        return self.page

    def close(self) -> None:
        """Close it; fails if it did what it must not."""
        origin = "/".join(self.page.url.split("/")[:3])
        self.context.close()
        assert not self.faults
        assert not self.dialogs
        assert {url for url in self.asked if not url.startswith((f"{origin}/", "blob:"))} == set()


@contextlib.contextmanager
def offered(path: Path, **more: Any) -> Iterator[Review]:
    """A review of that recording that nobody has opened yet."""
    review = Review(path, **more)
    with review.server, shelf.alone(review.session.sha256, review.server.place, path):
        review.thread.start()
        try:
            yield review
        finally:
            review.session.end("stopped")
            review.thread.join(PATIENCE_S)


@contextlib.contextmanager
def looked_at(browser: Any, folder: Path) -> Iterator[tuple[Watched, Hold]]:
    """The page of two people while it is still being looked at, and what holds it there."""
    path = two_people(folder / "les.mp4", seconds=0.4)
    with held_at_faces(2) as hold, offered(path) as review:
        watched = Watched(browser)
        watched.page.goto(review.server.address)
        yield watched, hold


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people who sit still, 1.6 s, with a tone."""
    return two_people(tmp_path_factory.mktemp("film") / "les 1.mp4", tone_s=1.6)


@pytest.fixture(scope="session")
def plan(film: Path) -> Plan:
    """Who is in it."""
    return analyse(film, FAST)


@pytest.fixture
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that an earlier review of the same film left."""
    monkeypatch.setenv("AVG_BLUR_DATA", str(tmp_path / "data"))


@pytest.fixture
def open_page(chromium: Any, film: Path, plan: Plan, tmp_path: Path, own_data: None) -> Iterator[Callable[..., Any]]:
    """Opens the page of a review of the film, under the name that is given, in a window as it is asked for."""
    shelf.keep_plan(plan)
    with contextlib.ExitStack() as stack:

        def opened(name: str = film.name, **more: Any) -> Any:
            path = tmp_path / name
            path.write_bytes(film.read_bytes())
            review = stack.enter_context(offered(path))
            watched = Watched(chromium, **more)
            stack.callback(watched.close)
            return watched.open(review.server.address)

        yield opened
