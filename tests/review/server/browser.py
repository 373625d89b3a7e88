"""A review on a real port, and a browser that does what it is told, also what no browser would do."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from avg_video.errors import AvgError
from avg_video.job import Settings, Silent
from avg_video.papers.office import Office
from avg_video.review import shelf
from avg_video.review.server import session
from avg_video.review.server.early import Early
from avg_video.review.server.presence import Presence
from avg_video.review.server.progress import Meter
from avg_video.review.server.serve import Server
from avg_video.review.server.session import Session
from tests.support import waiting
from tests.support.waiting import PATIENCE_S

FAST = Settings(preset="ultrafast", detector="centerface", threads=2)


class Review:
    """One that runs in a thread of its own.

    Attributes
    ----------
    why: why it ended, when it has; `error`: what ended it.
    """

    def __init__(self, path: Path, settings: Settings = FAST, office: Office | None = None) -> None:
        self.session = Session(path, settings, office or Office(), lambda outcome: [f"Made {outcome.output.name}"])
        self.server = Server(self.session)
        self.why: str | None = None
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._work, daemon=True)

    def _work(self) -> None:
        try:
            self.why = self.session.work(Silent, lambda: None)
        except AvgError as error:
            self.error = error

    @property
    def port(self) -> int:
        return self.server.port

    def ended(self) -> str | None:
        """Wait for the end; why it was."""
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()
        return self.why


@contextlib.contextmanager
def reviewing(path: Path, **more: Any) -> Iterator[tuple[Review, Browser]]:
    """A review of that recording and a browser that has its page open."""
    review = Review(path, **more)
    with review.server, shelf.alone(review.session.sha256, review.server.place, path):
        review.thread.start()
        try:
            browser = Browser(review.port)
            browser.enter(review.server.address)
            yield review, browser
        finally:
            review.session.end("stopped")
            review.thread.join(PATIENCE_S)
    assert not review.thread.is_alive()


class Hold:
    """A place in the work of a review where it stays until it is let go: however fast the work is, it isn't over.

    Attributes
    ----------
    reached: set when the work has come there; `go_on`: to be set by the test.
    """

    def __init__(self) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()

    def stay(self, report: Callable[[], None]) -> None:
        """Called by the work; it goes on reporting where it is."""
        self.reached.set()
        limit = time.monotonic() + PATIENCE_S
        while not self.go_on.wait(0.02):
            report()
            assert time.monotonic() < limit, "nobody let it go on"


@contextlib.contextmanager
def held_at_faces(count: int) -> Iterator[Hold]:
    """Looking begins, and stays where so many faces were met."""
    hold = Hold()

    seen: list[Early] = []

    class Seen(Early):
        def __init__(self, strong: float) -> None:
            super().__init__(strong)
            seen.append(self)

    class Held(Meter):
        def at(self, second: float, pictures: int) -> None:
            if self.stage_name == "looking" and len(seen[-1]) >= count:
                hold.stay(lambda: super(Held, self).at(second, pictures))
            super().at(second, pictures)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "Early", Seen)
        patch.setattr(session, "Meter", Held)
        yield hold


@contextlib.contextmanager
def held_at_making() -> Iterator[Hold]:
    """A copy is begun, and making it stays at its first picture."""
    hold = Hold()

    class Held(Meter):
        def at(self, second: float, pictures: int) -> None:
            if self.stage_name == "making":
                hold.stay(lambda: super(Held, self).at(second, pictures))
            super().at(second, pictures)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "Meter", Held)
        yield hold


class Browser:
    """Sends requests, with the headers that a browser on the page would send unless others are given."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookie: str | None = None
        self.headers: dict[str, str] = {}

    def ask(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str | None] | None = None
    ) -> tuple[int, bytes]:
        """Status and body of the answer; a header that is given as None is left out."""
        sent: dict[str, str | None] = {"Host": f"127.0.0.1:{self.port}", "Cookie": self.cookie}
        data = None
        if method != "GET":
            sent |= {"Origin": f"http://127.0.0.1:{self.port}", "Content-Type": "application/json"}
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent |= headers or {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                if value is not None:
                    connection.putheader(name, value)
            if data is not None and "Content-Length" not in sent and "Transfer-Encoding" not in sent:
                connection.putheader("Content-Length", str(len(data)))
            connection.endheaders(data)
            answer = connection.getresponse()
            self.headers = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, answer.read()
        finally:
            connection.close()

    def enter(self, address: str) -> None:
        """Open the address that holds the token."""
        status, _ = self.ask("GET", address.removeprefix(f"http://127.0.0.1:{self.port}"))
        assert status == 200
        self.cookie = self.headers["set-cookie"].split(";")[0]

    def get(self, path: str, status: int = 200) -> Any:
        """The answer as JSON."""
        found, data = self.ask("GET", path)
        assert found == status, data
        return json.loads(data)

    def post(self, path: str, body: Any, status: int = 200, method: str = "POST") -> Any:
        """The answer to a change, as JSON."""
        found, data = self.ask(method, path, body)
        assert found == status, data
        return json.loads(data) if data else None

    def edit(self, *edits: dict[str, Any], status: int = 200) -> Any:
        """Change the choices as they are now."""
        return self.post("/api/edits", {"revision": self.get("/api/choices")["revision"], "edits": list(edits)}, status)

    def until(self, good: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Ask for the state until it is good."""
        found: list[dict[str, Any]] = []

        def asked() -> bool:
            found[:] = [self.get("/api/state")]
            return good(found[0])

        waiting.until(asked)
        return found[0]

    def ready(self) -> Browser:
        """Wait until the recording was looked at."""
        self.until(lambda state: state["phase"] == "ready")
        return self

    def made(self) -> dict[str, Any]:
        """Wait until the copy is there, or not; what the state says of it."""
        over = ("done", "failed", "cancelled")
        make: dict[str, Any] = self.until(lambda state: state["make"]["stage"] in over)["make"]
        return make


class Clock:
    """The time that a review believes, which passes only when told. Wrap what makes the review in `shared()`."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.looked = 0

    @contextlib.contextmanager
    def shared(self) -> Iterator[Clock]:
        """Whoever is there is counted by this clock."""
        clock = self

        class Told(Presence):
            def __init__(self) -> None:
                super().__init__(lambda: clock.now)

            def over(self, *, ready: bool) -> str | None:
                why = super().over(ready=ready)
                clock.looked += 1
                return why

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(session, "Presence", Told)
            yield self

    def pass_by(self, seconds: float) -> None:
        """Let time pass, and return when it was looked whether anybody is still there."""
        self.now += seconds
        before = self.looked
        waiting.until(lambda: self.looked >= before + 2)  # one may have been under way


def pages(review: Review) -> int:
    """How many pages are open."""
    return review.session.presence._pages


def raw(port: int, data: bytes, *, end: bool = False) -> bytes:
    """Bytes in, bytes out: one whole answer, or what there is when the other side closes. `end` says no more will come
    from here, so that nothing is waited for."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as line:
        held = b""
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):  # answered and closed before all was sent
            line.sendall(data)
            if end:
                line.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            while not _whole(held) and (chunk := line.recv(65536)):
                held += chunk
        return held


def _whole(answer: bytes) -> bool:
    head, empty, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?mi)^content-length: (\d+)\r?$", head)
    return bool(empty) and length is not None and len(body) >= int(length[1])


def listening(port: int, cookie: str) -> socket.socket:
    """A page that is open: a connection on which the state is told."""
    line = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    line.sendall(f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n".encode())
    return line
