"""Fetching over a real loopback server and a real proxy, and everything that can be wrong there."""

from __future__ import annotations

import socket
import time

import pytest

from avg_video.detect.download import download
from avg_video.errors import ModelError
from tests.detect.servers import Site, serve
from tests.support.waiting import PATIENCE_S

BODY = bytes(range(256)) * 40


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def refused(url: str, **limits: float) -> str:
    with pytest.raises(ModelError) as caught:
        download(url, len(BODY), **limits)
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_gets_the_file() -> None:
    with serve(Site({"/f": BODY})) as site:
        assert download(f"{site.url}/f", len(BODY)) == BODY


def test_goes_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host does not exist, so only a proxy can have answered."""
    address = "http://models.invalid/f"
    with serve(Site({address: BODY})) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert download(address, len(BODY)) == BODY
        assert proxy.asked == [address]


def test_no_proxy_goes_straight(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(Site({"/f": BODY})) as site, serve(Site()) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        refused(f"{site.url}/f")
        assert proxy.asked == [f"{site.url}/f"]
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert download(f"{site.url}/f", len(BODY)) == BODY
        assert len(proxy.asked) == 1


def test_follows_a_redirect_but_never_out_of_the_web() -> None:
    with serve(Site({"/f": BODY})) as site, serve(Site(status=302, location=f"{site.url}/f")) as first:
        assert download(f"{first.url}/old", len(BODY)) == BODY
    for bad in ("file:///etc/hostname", "ftp://127.0.0.1/f"):
        with serve(Site(status=302, location=bad)) as first:
            refused(f"{first.url}/old")


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://a/b", "data:,x", "yunet", "http://", "http://[", ""])
def test_other_addresses_are_refused(url: str) -> None:
    assert "not an http or https address" in refused(url)


def test_not_there() -> None:
    with serve(Site()) as site:
        assert f"{site.url}/f answered 404" in refused(f"{site.url}/f")


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert "can't be reached" in refused(f"http://127.0.0.1:{free.getsockname()[1]}/f")


def test_not_a_web_server() -> None:
    with serve(Site(raw=b"220 welcome\r\n")) as site:
        assert "can't be reached" in refused(f"{site.url}/f")


@pytest.mark.parametrize(("body", "got"), [(BODY + b"x", f"more than {len(BODY)}"), (BODY[:-1], str(len(BODY) - 1))])
def test_another_length(body: bytes, got: str) -> None:
    with serve(Site({"/f": body})) as site:
        assert f"gave {got} bytes, not {len(BODY)}; nothing was kept" in refused(f"{site.url}/f")


def test_breaks_off() -> None:
    head = f"HTTP/1.0 200 OK\r\nContent-Length: {len(BODY)}\r\n\r\n".encode()
    with serve(Site(raw=head + BODY[:100])) as site:
        assert "gave 100 bytes" in refused(f"{site.url}/f")


def test_a_flood_is_cut_off() -> None:
    """No more is taken in than the file can be long: the rest of a hundred megabytes is never read."""
    with serve(Site({"/f": bytes(100_000_000)})) as site:
        refused(f"{site.url}/f")
        assert site.broken.wait(PATIENCE_S), "all of it was taken"


def test_silence() -> None:
    with serve(Site({"/f": BODY}, wait_s=2 * PATIENCE_S)) as site:
        start = time.monotonic()
        assert "can't be reached (timed out)" in refused(f"{site.url}/f", silence_s=0.2)
        assert time.monotonic() - start < PATIENCE_S


def test_a_trickle() -> None:
    """Every byte comes soon after the last, and still it ends."""
    with serve(Site({"/f": BODY}, drip_s=0.02)) as site:
        start = time.monotonic()
        assert "took longer than 0.3 s" in refused(f"{site.url}/f", limit_s=0.3)
        assert time.monotonic() - start < PATIENCE_S  # of the 200 s that all of it would take
