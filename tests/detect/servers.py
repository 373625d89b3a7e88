"""A real web server and a real proxy on this computer's loopback, for tests of fetching."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Site:
    """What a server offers and what it was asked.

    `pages` maps a path, or behind a proxy a whole address, to its bytes. `drip_s` waits between single bytes,
    `wait_s` before any answer; `status` and `location` turn every answer into an error or a redirect. `broken` is set
    when the client hung up in the middle.
    """

    pages: dict[str, bytes] = field(default_factory=dict)
    drip_s: float = 0.0
    wait_s: float = 0.0
    status: int = 200
    location: str | None = None
    raw: bytes | None = None
    asked: list[str] = field(default_factory=list)
    url: str = ""
    closing: threading.Event = field(default_factory=threading.Event)
    broken: threading.Event = field(default_factory=threading.Event)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is what some tests are about."""


@contextmanager
def serve(site: Site) -> Iterator[Site]:
    """Run `site` on a free port of the loopback; `site.url` is its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            site.closing.wait(site.wait_s)
            if site.raw is not None:
                self.wfile.write(site.raw)
                return
            body = site.pages.get(self.path)
            self.send_response(site.status if body is not None or site.location else 404)
            if site.location:
                self.send_header("Location", site.location)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            if not site.drip_s:
                try:
                    self.wfile.write(body or b"")
                except ConnectionError:
                    site.broken.set()
                return
            for byte in body or b"":
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                if site.closing.wait(site.drip_s):
                    return

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = _Server(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.closing.set()
        time.sleep(0.01)
        server.shutdown()
        server.server_close()
        thread.join()
