"""Gets one small file over HTTP, through the user's proxy, within limits of size and time."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from avg_video.errors import ModelError
from avg_video.language import mark, tr

__all__ = ["download", "host_of"]

LIMIT_S = 60.0
"""How long it may take in all; the largest file to fetch is 0.3 MB."""
SILENCE_S = 15.0
"""How long the other side may say nothing."""
REMEDY = mark(
    "check the connection and the proxy settings (http_proxy, https_proxy, no_proxy), or use avg-blur models add"
)


def download(url: str, size_bytes: int, *, limit_s: float = LIMIT_S, silence_s: float = SILENCE_S) -> bytes:
    """The `size_bytes` bytes at `url` (http or https), by way of the proxies that the environment names.

    Raises `ModelError` when the address, the network or the server fails, when it takes longer than `limit_s` seconds
    in all or stays silent for `silence_s`, and when the file has another length.
    """
    host_of(url)
    end = time.monotonic() + limit_s
    try:
        with _opener().open(url, timeout=min(silence_s, limit_s)) as response:
            data = bytearray()
            # One byte more than expected is enough to know that it is another file.
            while len(data) <= size_bytes and (piece := response.read1(size_bytes + 1 - len(data))):
                data += piece
                if time.monotonic() > end:
                    raise ModelError(
                        tr("{url} took longer than {limit_s:g} s", url=url, limit_s=limit_s), remedy=tr(REMEDY)
                    )
    except urllib.error.HTTPError as error:
        with error:
            raise ModelError(
                tr("{url} answered {code} {why}", url=url, code=error.code, why=error.reason), remedy=tr(REMEDY)
            ) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        raise ModelError(
            tr("{url} can't be reached ({why})", url=url, why=cause or type(cause).__name__), remedy=tr(REMEDY)
        ) from error
    if len(data) != size_bytes:
        got = tr("more than {size}", size=size_bytes) if len(data) > size_bytes else f"{len(data)}"
        raise ModelError(
            tr("{url} gave {got} bytes, not {size}; nothing was kept", url=url, got=got, size=size_bytes),
            remedy=tr(REMEDY),
        )
    return bytes(data)


def host_of(url: str) -> str:
    """Who would be asked for `url`. Raises `ModelError` unless it is an http or https address."""
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.scheme in ("http", "https") else None
    except ValueError:
        host = None
    if not host:
        raise ModelError(tr("{url!r} is not an http or https address", url=url), remedy=tr("name one that is"))
    return host


def _opener() -> urllib.request.OpenerDirector:
    """HTTP, HTTPS and proxies, and nothing else: urllib's own opener would follow an address to ftp:, too."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    opener.addheaders = [("User-Agent", "avg-blur")]
    return opener
