"""Nobody but the page itself gets anything: each promise tried with a client that means harm."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from avg_video.review.server.gate import MAX_BODY
from avg_video.review.server.presence import CLOSED_S, IDLE_S
from tests.review.server.browser import Browser, Clock, Review, listening, pages, raw, reviewing
from tests.support.waiting import PATIENCE_S, until

PRIVATE = ("/", "/api/state", "/api/choices", "/api/film", "/api/pictures/0.jpg", "/api/faces/1/0.jpg", "/api/events")


def test_only_the_loopback_address_is_listened_on(open_review: tuple[Review, Browser]) -> None:
    port = open_review[0].port
    assert open_review[0].server._socket.getsockname()[0] == "127.0.0.1"
    others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in others - {"127.0.0.1"}:
        with pytest.raises(OSError), socket.create_connection((address, port), timeout=1):  # noqa: PT011
            pass


@pytest.mark.parametrize("path", PRIVATE)
@pytest.mark.parametrize(
    "cookie", [None, "", "avg_blur=1", "{name}=", "{name}=x", "{name}={key}; {name}={key}", "{key}"]
)
def test_without_the_cookie_there_is_nothing(browser: Browser, path: str, cookie: str | None) -> None:
    assert browser.cookie is not None
    name, key = browser.cookie.split("=", 1)
    sent = None if cookie is None else cookie.format(name=name, key=key)
    status, data = browser.ask("GET", path, headers={"Cookie": sent})
    assert (status, json.loads(data)["error"]["code"]) == (403, "forbidden")


def test_the_cookie_is_kept_from_scripts_and_other_sites_and_ports(own: Path) -> None:
    with reviewing(own) as (review, browser):
        name, *rest = browser.headers["set-cookie"].split("; ")
        assert name.startswith(f"avg_blur_{review.port}=")
        assert sorted(rest) == ["HttpOnly", "Path=/", "SameSite=Strict"]
        assert len(name.split("=")[1]) >= 43  # 256 bit


def test_the_token_is_good_for_one_use_and_its_second_use_ends_the_review(own: Path) -> None:
    with reviewing(own) as (review, browser):
        path = review.server.address.split(str(review.port))[1]
        assert browser.ask("GET", path)[0] == 200, "the browser that has the cookie may come again"
        assert "set-cookie" not in browser.headers
        assert review.session.ended is None
        stranger = Browser(review.port)
        assert stranger.ask("GET", path)[0] == 403
        assert "set-cookie" not in stranger.headers
        assert review.session.ended == "reused"


@pytest.mark.parametrize(
    "query", ["", "?token=", "?token=x", "?token={t}x", "?Token={t}", "?token={t}&token={t}", "?a=1&token={t}"]
)
def test_a_wrong_token_is_nothing(own: Path, query: str) -> None:
    with reviewing(own) as (review, _):
        token = review.server.address.split("token=")[1]
        stranger = Browser(review.port)
        assert stranger.ask("GET", f"/start{query.format(t=token)}")[0] == 403
        assert review.session.ended is None


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "localhost:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "evil.example:{port}",
        "127.0.0.1:{port}.evil.example",
        "127.1:{port}",
        "[::1]:{port}",
        "127.0.0.1:{port} ",
        "user@127.0.0.1:{port}",
        "127.0.0.1:0{port}",
    ],
)
def test_another_host_is_refused(browser: Browser, host: str | None) -> None:
    """A name that an attacker's server first points at itself and then at this computer (DNS rebinding)."""
    sent = None if host is None else host.format(port=browser.port)
    status, data = browser.ask("GET", "/api/state", headers={"Host": sent})
    assert status in (400, 403) or host == "127.0.0.1:{port} ", data
    if host == "127.0.0.1:{port} ":  # white space around a value is no part of it (RFC 9110, 5.5)
        assert status == 200


def test_two_hosts_are_refused(browser: Browser) -> None:
    mine = f"Host: 127.0.0.1:{browser.port}\r\n"
    head = f"Cookie: {browser.cookie}\r\nConnection: close\r\n\r\n"
    assert raw(browser.port, f"GET /api/state HTTP/1.1\r\n{mine}{head}".encode()).startswith(b"HTTP/1.1 200")
    for other in (mine, "Host: evil.example\r\n"):
        got = raw(browser.port, f"GET /api/state HTTP/1.1\r\n{mine}{other}{head}".encode())
        assert got[9:12] in (b"400", b"403")


ORIGINS = ["null", "", "http://evil.example", "http://127.0.0.1", "https://127.0.0.1:{port}", "http://localhost:{port}"]


@pytest.mark.parametrize("origin", [*ORIGINS, "http://127.0.0.1:1", "http://127.0.0.1:{port}.evil.example"])
def test_other_origins_are_refused(browser: Browser, origin: str) -> None:
    sent = {"Origin": origin.format(port=browser.port)}
    before = browser.get("/api/choices")["revision"]
    body = {"revision": before, "edits": [{"do": "mark", "number": 1, "as": "shown"}]}
    assert browser.ask("POST", "/api/edits", body, headers=sent)[0] == 403
    assert browser.ask("GET", "/api/state", headers=sent)[0] == 403
    assert browser.get("/api/choices")["revision"] == before


def test_a_change_needs_an_origin(browser: Browser) -> None:
    assert browser.ask("POST", "/api/end", {}, headers={"Origin": None})[0] == 403
    assert browser.get("/api/state")["ended"] is None


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "", "SAME-ORIGIN"])
def test_requests_that_other_sites_cause_are_refused(browser: Browser, site: str) -> None:
    """Even where the cookie would be sent along."""
    for path in ("/api/state", "/api/pictures/0.jpg", "/page/index.html"):
        assert browser.ask("GET", path, headers={"Sec-Fetch-Site": site})[0] == 403
    assert browser.ask("GET", "/api/state", headers={"Sec-Fetch-Site": "same-origin"})[0] == 200


def test_a_link_elsewhere_leads_only_to_the_start(browser: Browser) -> None:
    cross = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert browser.ask("GET", "/", headers=cross)[0] == 403
    assert browser.ask("GET", "/start?token=x", headers=cross)[0] == 200  # it has the cookie: a page that leads to /
    assert browser.ask("GET", "/start?token=x", headers=cross | {"Sec-Fetch-Mode": "no-cors"})[0] == 403


@pytest.mark.parametrize(
    "path",
    [
        "/../etc/passwd",
        "/page/../server/gate.py",
        "/page/..%2fserver/gate.py",
        "/page/%2e%2e/server/gate.py",
        "/page/....//x",
        "/page//etc/passwd",
        "//etc/passwd",
        "/page/.hidden",
        "/page/",
        "/page",
        "/page/index.html/",
        "/page/index.html%00.js",
        "/page/index.html\\..\\x",
        "/page/C:/x",
        "/page/gate.py",
        "/api/pictures/../../x.jpg",
        "/api/pictures/-1.jpg",
        "/api/pictures/1e3.jpg",
        "/api/pictures/0x1.jpg",
        "/api/pictures/99999999999999999999.jpg",
        "/api/pictures/0.png",
        "/api/faces/1/-1.jpg",
        "/api/faces/999/0.jpg",
        "/api/faces/1/99.jpg",
        "/api/%70eople",
        "/api/people/",
        "/API/people",
        "/api/",
        "/favicon.ico",
        "/" + "a" * 5000,
        "/" + "a/" * 2000,
    ],
)
def test_there_is_nothing_behind_other_paths(browser: Browser, path: str) -> None:
    got = raw(
        browser.port,
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{browser.port}\r\nCookie: {browser.cookie}\r\n"
        "Connection: close\r\n\r\n".encode(),
    )
    assert got[9:12] in (b"404", b"400"), got[:200]
    assert b"root:" not in got
    assert b"import" not in got


def test_a_target_that_names_another_server_is_refused(browser: Browser) -> None:
    head = f"Host: 127.0.0.1:{browser.port}\r\nCookie: {browser.cookie}\r\nConnection: close\r\n\r\n"
    for target in (f"http://127.0.0.1:{browser.port}/api/state", "http://evil.example/api/state", "*", "evil:80"):
        got = raw(browser.port, f"GET {target} HTTP/1.1\r\n{head}".encode())
        assert got[9:12] in (b"404", b"400", b"403"), target


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND"])
def test_other_methods_are_refused(browser: Browser, method: str) -> None:
    status, _ = browser.ask(method, "/api/state", {})
    assert status in (400, 404, 405)


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/json; charset=latin-1",
    ],
)
def test_a_form_of_another_page_is_no_change(browser: Browser, kind: str | None) -> None:
    assert browser.ask("POST", "/api/end", {}, headers={"Content-Type": kind})[0] == 415
    assert browser.get("/api/state")["ended"] is None


def test_what_is_too_large_is_not_read(browser: Browser) -> None:
    assert browser.ask("POST", "/api/edits", b"[" * (MAX_BODY + 1))[0] == 413
    head = f"POST /api/edits HTTP/1.1\r\nHost: 127.0.0.1:{browser.port}\r\nCookie: {browser.cookie}\r\n"
    head += f"Origin: http://127.0.0.1:{browser.port}\r\nContent-Type: application/json\r\n"
    huge = raw(browser.port, f"{head}Content-Length: 99999999999\r\n\r\n[".encode())
    assert huge[9:12] == b"413"
    chunk = b"10000\r\n" + b"[" * 65536 + b"\r\n"
    piecewise = raw(browser.port, f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunk * 20)
    assert piecewise[9:12] == b"413"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b'{"revision": NaN}', b"[" * 100_000])
def test_what_is_no_json_is_refused(browser: Browser, body: bytes) -> None:
    status, data = browser.ask("POST", "/api/edits", body)
    assert (status, json.loads(data)["error"]["code"]) == (400, "bad-request")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"revision": "1", "edits": []},
        {"revision": True, "edits": []},
        {"revision": 1, "edits": {}},
        {"revision": 1, "edits": []},
        {"revision": 1, "edits": [{}]},
        {"revision": 1, "edits": [{"do": "mark", "number": 1}]},
        {"revision": 1, "edits": [{"do": "mark", "number": "1", "as": "shown"}]},
        {"revision": 1, "edits": [{"do": "mark", "number": 1, "as": "shown", "path": "/etc"}]},
        {"revision": 1, "edits": [{"do": "set", "key": "numbers", "value": None}]},
        {"revision": 1, "edits": [{"do": "set", "key": "__class__", "value": None}]},
        {"revision": 1, "edits": [{"do": "add", "table": "same", "line": {}}]},
        {"revision": 1, "edits": [{"do": "rm -rf"}]},
        {"revision": 1, "edits": [{"do": "mark", "number": 1, "as": "shown"}], "output": "/tmp/x"},
    ],
)
def test_edits_that_are_none_are_refused(browser: Browser, body: dict[str, object]) -> None:
    status, data = browser.ask("POST", "/api/edits", body)
    assert (status, json.loads(data)["error"]["code"]) == (400, "bad-request")


@pytest.mark.parametrize(
    "query", ["view=both", "width=0", "width=99999", "width=-1", "near=2", "path=/etc/passwd", "width=960&width=1"]
)
def test_other_parameters_are_refused(browser: Browser, query: str) -> None:
    assert browser.ask("GET", f"/api/pictures/0.jpg?{query}")[0] == 400


@pytest.mark.parametrize("path", [*PRIVATE[:4], "/start?token=x", "/nothing", "/api/pictures/0.jpg"])
def test_every_answer_keeps_the_page_to_itself(browser: Browser, path: str) -> None:
    for cookie in (browser.cookie, None):
        browser.ask("GET", path, headers={"Cookie": cookie})
        policy = dict(part.split(" ", 1) for part in browser.headers["content-security-policy"].split("; "))
        assert (
            policy["default-src"]
            == policy["form-action"]
            == policy["base-uri"]
            == policy["frame-ancestors"]
            == "'none'"
        )
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert "unsafe" not in browser.headers["content-security-policy"]
        assert "http" not in browser.headers["content-security-policy"]
        assert browser.headers["x-content-type-options"] == "nosniff"
        assert browser.headers["referrer-policy"] == "no-referrer"
        assert browser.headers["cache-control"] == "no-store"
        assert browser.headers["x-frame-options"] == "DENY"
        assert browser.headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in browser.headers
        assert "server" not in browser.headers


def test_slow_and_broken_clients_stop_nobody(open_review: tuple[Review, Browser]) -> None:
    review, browser = open_review
    half = [socket.create_connection(("127.0.0.1", review.port), timeout=PATIENCE_S) for _ in range(20)]
    try:
        for line in half:
            line.sendall(b"GET /api/state HTTP/1.1\r\nHost: 127")
        assert browser.get("/api/state")["phase"] == "ready"
        for garbage in (b"\x16\x03\x01\x02\x00\x01\x00", b"\x00" * 2000, b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 1000):
            raw(review.port, garbage, end=True)
        assert browser.get("/api/state")["phase"] == "ready"
    finally:
        for line in half:
            line.close()


def test_a_page_that_goes_away_is_noticed(own: Path) -> None:
    with Clock().shared() as clock, reviewing(own) as (review, browser):
        browser.ready()
        assert browser.cookie is not None
        line = listening(review.port, browser.cookie)
        until(lambda: pages(review) == 1)
        clock.pass_by(CLOSED_S + 1)
        assert review.session.ended is None
        line.close()
        until(lambda: pages(review) == 0)
        clock.pass_by(CLOSED_S - 1)
        assert review.session.ended is None
        again = listening(review.port, browser.cookie)  # a reload
        until(lambda: pages(review) == 1)
        clock.pass_by(CLOSED_S + 1)
        assert review.session.ended is None
        again.close()
        until(lambda: pages(review) == 0)
        clock.now += CLOSED_S + 1
        assert review.ended() == "closed"


def test_an_idle_page_is_ended_and_told(own: Path) -> None:
    with Clock().shared() as clock, reviewing(own) as (review, browser):
        browser.ready()
        assert browser.cookie is not None
        with listening(review.port, browser.cookie) as line:
            until(lambda: pages(review) == 1)
            clock.pass_by(IDLE_S - 1)
            assert review.session.ended is None
            clock.now += 2
            assert review.ended() == "idle"
            held = b""
            while b"event: ended" not in held:
                chunk = line.recv(65536)
                assert chunk, held
                held += chunk
            assert b'"why": "idle"' in held


def test_it_ends_when_asked(own: Path) -> None:
    with reviewing(own) as (review, browser):
        assert browser.ready().ask("POST", "/api/end", {})[0] == 204
        assert review.ended() == "asked"
