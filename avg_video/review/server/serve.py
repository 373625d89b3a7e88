"""Listens on this computer alone, in a thread of its own."""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Self

import uvicorn

from avg_video.errors import OutputError
from avg_video.language import tr
from avg_video.review.server.gate import Gate
from avg_video.review.server.routes import application
from avg_video.review.server.session import Session

__all__ = ["Server"]

LOOPBACK = "127.0.0.1"
CONNECTIONS = 64
"""Connections at once; a page uses six."""


class Server:
    """Answers the page of one session while its `with` block lasts.

    Attributes
    ----------
    port: that is listened on; free when it was taken.
    place: where it is, without the token.
    address: to be opened once in a browser; it holds the token.

    Raises `OutputError` when built where no port can be had.
    """

    def __init__(self, session: Session) -> None:
        try:
            self._socket = socket.create_server((LOOPBACK, 0))
        except OSError as error:
            what = tr("the page can't be offered on this computer ({why})", why=error.strerror or str(error))
            raise OutputError(what, remedy=tr("close other programs and try again")) from error
        self.port: int = self._socket.getsockname()[1]
        self.place = f"http://{LOOPBACK}:{self.port}/"
        self._gate = Gate(application(session), self.port, lambda: session.end("reused"))
        self.address = self._gate.address
        config = uvicorn.Config(
            self._gate,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",  # what a stranger sends must not fill the terminal
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        # Not the main thread, so that requests to stop the program reach those who clean up after themselves.
        self._thread = threading.Thread(target=self._run, name="avg-blur-page", daemon=True)

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
