"""Who may talk to the review: this computer's browser that was opened by it, on its own page, and nobody else.

What is shown are the faces of pupils, so every request is checked before anything looks at it. Against other computers:
only the loopback address is listened on. Against other users and programs of this one: a token that is used once, and
then a cookie that scripts can't read. Against web pages in the same browser: Host and Origin must be our own (a name
that is made to point here by DNS rebinding is another Host), the cookie is SameSite=Strict, and Sec-Fetch-Site is
believed where it is sent.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterable
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["MAX_BODY", "Gate"]

MAX_BODY = 1 << 20
"""Most bytes of a request; a policy is no larger."""

_PART = r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}"
_PATH = re.compile(rf"/(?:{_PART}(?:/{_PART}){{0,5}})?")
"""What paths are made of: no dots at the beginning of a part, nothing encoded, nothing empty."""

_CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "media-src blob:",
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
_HEADERS = (
    (b"content-security-policy", _CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), display-capture=(), usb=()"),
)

# Not a redirect: coming from another site (a terminal in a browser, say) the cookie would not be sent along with that.
_WELCOME = (
    b'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/">'
    b'<link rel="icon" href="/page/icon.svg"><title>avg-blur</title></head>'
    b'<body><p><a href="/">avg-blur</a></p></body></html>'
)


class Gate:
    """Lets through to `app` what comes from the page, with an answer that no other site can use.

    Parameters
    ----------
    port: that is listened on.
    reused: called when the token is used a second time by somebody who has no cookie.

    Attributes
    ----------
    address: to be opened once; it holds the token.
    """

    def __init__(self, app: ASGIApp, port: int, reused: Callable[[], None]) -> None:
        self._app = app
        self._reused = reused
        self._here = f"127.0.0.1:{port}"
        self._cookie = f"avg_blur_{port}"  # cookies don't know ports: two reviews must not take each other's
        self._token, self._spent = secrets.token_urlsafe(32), False
        self._key = secrets.token_urlsafe(32)
        self.address = f"http://{self._here}/start?token={self._token}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise RuntimeError(f"no answer to {scope['type']}")

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS]
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await _refuse(guarded, *refusal)
        elif scope["path"] == "/start":
            await self._start(scope, guarded)
        elif not self._known(scope):
            await _refuse(guarded, 403, "forbidden")
        else:
            await self._app(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and code for a request that could not come from the page."""
        if _all(scope, b"host") != [self._here.encode()]:
            return 403, "forbidden"
        origins, sites = _all(scope, b"origin"), _all(scope, b"sec-fetch-site")
        writes = scope["method"] in ("POST", "PUT")
        if origins != [f"http://{self._here}".encode()] and (origins or writes):
            return 403, "forbidden"
        entry = scope["method"] == "GET" and scope["path"] in ("/", "/start")
        # A link in another page, even one that is clicked, is no way in; /start alone may be reached so, by its token.
        followed = scope["path"] == "/start" and _all(scope, b"sec-fetch-mode") == [b"navigate"]
        allowed = (b"same-origin", b"none") if entry else (b"same-origin",)
        if any(site not in allowed for site in sites) and not followed:
            return 403, "forbidden"
        if scope["method"] not in ("GET", "POST", "PUT"):
            return 405, "not-allowed"
        raw = scope.get("raw_path") or scope["path"].encode()
        if not _PATH.fullmatch(raw.decode("latin-1")) or raw.decode("latin-1") != scope["path"]:
            return 404, "not-found"
        if not writes:
            return None
        if _all(scope, b"content-type") not in ([b"application/json"], [b"application/json; charset=utf-8"]):
            return 415, "not-json"
        lengths = _all(scope, b"content-length")
        if any(not length.isdigit() or int(length) > MAX_BODY for length in lengths):
            return 413, "too-large"
        return None

    def _known(self, scope: Scope) -> bool:
        """Whether the request has the cookie."""
        pairs = [pair.strip().partition(b"=") for sent in _all(scope, b"cookie") for pair in sent.split(b";")]
        found = [value for name, _, value in pairs if name == self._cookie.encode()]
        return len(found) == 1 and secrets.compare_digest(found[0], self._key.encode())

    async def _start(self, scope: Scope, send: Send) -> None:
        """Exchange the token for the cookie, once."""
        given = parse_qsl(scope["query_string"].decode("latin-1"))
        names = [name for name, _ in given]
        right = names == ["token"] and secrets.compare_digest(given[0][1].encode(), self._token.encode())
        if right and not self._spent:
            self._spent = True
            cookie = f"{self._cookie}={self._key}; Path=/; HttpOnly; SameSite=Strict"
            await _answer(send, 200, _WELCOME, b"text/html; charset=utf-8", [(b"set-cookie", cookie.encode())])
        elif self._known(scope):
            await _answer(send, 200, _WELCOME, b"text/html; charset=utf-8")
        else:
            if right:  # one of the two is not who the address was meant for, and may be the one with the cookie
                self._reused()
            await _refuse(send, 403, "forbidden")


def _all(scope: Scope, name: bytes) -> list[bytes]:
    """Every value of a header, as it was sent."""
    return [value for key, value in scope["headers"] if key == name]


async def _refuse(send: Send, status: int, code: str) -> None:
    text = json.dumps({"error": {"code": code, "text": code, "remedy": ""}}).encode()
    await _answer(send, status, text, b"application/json")


async def _answer(send: Send, status: int, body: bytes, kind: bytes, more: Iterable[tuple[bytes, bytes]] = ()) -> None:
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
