"""A review on a real port, and a browser that does what it is told, also what no browser would do."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from avg_video.detect.boxes import Boxes
from avg_video.errors import AvgError
from avg_video.job import Settings, Silent
from avg_video.media.picture import Picture
from avg_video.papers.office import Office
from avg_video.review import shelf
from avg_video.review.server import session
from avg_video.review.server.early import Early
from avg_video.review.server.serve import Server
from avg_video.review.server.session import Session

FAST = Settings(preset="ultrafast", detector="centerface", threads=2)
PATIENCE_S = 120.0
"""Never waited for but where something is wrong: a busy machine is no fault."""


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


@contextlib.contextmanager
def held_at_faces(count: int) -> Iterator[threading.Event]:
    """Looking begins, and stays where so many faces were met until the event is set: however fast, it isn't over."""
    go_on = threading.Event()

    class Held(Early):
        def met(self, picture: Picture, second: float, found: Boxes) -> None:
            super().met(picture, second, found)
            if len(self) >= count:
                assert go_on.wait(PATIENCE_S), "nobody let it go on"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "Early", Held)
        yield go_on


class Browser:
    """Sends requests, with the headers that a browser on the page would send unless others are given."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookie: str | None = None
        self.headers: dict[str, str] = {}
        self.took_s = 0.0

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
        began = time.perf_counter()
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
            self.took_s = time.perf_counter() - began
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
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            state: dict[str, Any] = self.get("/api/state")
            if good(state):
                return state
            time.sleep(0.02)
        raise AssertionError(f"not in time: {state}")

    def ready(self) -> Browser:
        """Wait until the recording was looked at."""
        self.until(lambda state: state["phase"] == "ready")
        return self

    def made(self) -> dict[str, Any]:
        """Wait until the copy is there, or not; what the state says of it."""
        over = ("done", "failed", "cancelled")
        make: dict[str, Any] = self.until(lambda state: state["make"]["stage"] in over)["make"]
        return make


def raw(port: int, data: bytes) -> bytes:
    """Bytes in, bytes out, until the other side closes or says nothing more."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        line.sendall(data)
        line.settimeout(1.0)
        held = b""
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while chunk := line.recv(65536):
                held += chunk
        return held


def listening(port: int, cookie: str) -> socket.socket:
    """A page that is open: a connection on which the state is told."""
    line = socket.create_connection(("127.0.0.1", port), timeout=5)
    line.sendall(f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n".encode())
    return line
