"""How requests of the page are read, and how answers and refusals are written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from avg_video.errors import AvgError, UsageError
from avg_video.language import mark, tr
from avg_video.review.server.gate import MAX_BODY
from avg_video.review.server.pictures import Unwanted
from avg_video.review.server.session import ChangedOutside, NotReady, Session, Stale

__all__ = [
    "Refused",
    "as_json",
    "bad",
    "fault",
    "nothing_there",
    "only",
    "query",
    "read_body",
    "refusal",
    "revision_of",
    "seconds_of",
    "told",
    "whole",
]

REMEDY = mark("load the page again")


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, code: str, text: str, remedy: str | None = None, **more: Any) -> None:
        self.status, self.code, self.text, self.remedy, self.more = status, code, text, remedy or tr(REMEDY), more


def told(answer: Callable[..., Response], *args: Any) -> Response:
    """The answer, or in words what is in its way."""
    try:
        return answer(*args)
    except Refused as refused:
        return refusal(refused)
    except NotReady:
        return refusal(Refused(409, "not-ready", tr("the recording is still being looked at"), tr("wait a little")))
    except Stale:
        session: Session = args[0]
        text = tr("the choices were changed in another window")
        return refusal(Refused(409, "stale", text, choices=session.choices()))
    except ChangedOutside:
        text = tr("the policy file was changed by another program")
        return refusal(Refused(409, "changed-outside", text, tr("replace it, or end the review and open it anew")))
    except Unwanted:
        return Response(status_code=499)
    except IndexError:
        return refusal(Refused(404, "not-found", tr("there is nothing like that")))
    except UsageError as error:
        return refusal(Refused(422, "policy", error.what, error.remedy))
    except AvgError as error:
        return refusal(Refused(500, "failed", error.what, error.remedy))


async def read_body(request: Request) -> dict[str, Any]:
    held = bytearray()
    try:
        async for chunk in request.stream():
            held += chunk
            if len(held) > MAX_BODY:
                raise Refused(413, "too-large", tr("that is too much at once"))
        value = json.loads(held.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError, ClientDisconnect):
        raise bad(tr("it is not JSON")) from None
    if not isinstance(value, dict):
        raise bad(tr("it is not JSON"))
    return value


def _no_number(text: str) -> None:
    raise ValueError(text)


def bad(text: str) -> Refused:
    return Refused(400, "bad-request", text)


def as_json(value: Any, status: int = 200) -> Response:
    text = json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    return Response(text.encode("utf-8"), status_code=status, media_type="application/json")


def refusal(refused: Refused) -> Response:
    told = {"code": refused.code, "text": refused.text, "remedy": refused.remedy}
    return as_json({"error": told, **refused.more}, refused.status)


async def nothing_there(request: Request, error: Exception) -> Response:
    return refusal(Refused(getattr(error, "status_code", 404), "not-found", tr("there is nothing like that")))


async def fault(request: Request, error: Exception) -> Response:
    return refusal(Refused(500, "fault", tr("a fault of the program, not yours ({what})", what=type(error).__name__)))


def query(request: Request, **known: str) -> dict[str, str]:
    """Query parameters with their defaults; others are refused, and so is one that is given twice."""
    given = request.query_params.multi_items()
    if len({name for name, _ in given}) < len(given) or not {name for name, _ in given} <= {*known, "r"}:
        raise bad(tr("there is a parameter that is not known"))
    return {**known, **dict(given)}


def whole(text: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 12 and low <= int(text) <= high):
        raise bad(tr("a number is out of range"))
    return int(text)


def seconds_of(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 400_000:
        raise bad(tr("a number is out of range"))
    return value


def only(body: Mapping[str, Any], **kinds: type) -> None:
    """The body holds `revision` and what is named, of these kinds, and nothing else."""
    for key, value in body.items():
        if key not in kinds or not isinstance(value, kinds[key]) or (kinds[key] is int and isinstance(value, bool)):
            raise bad(tr("{key} is not known, or of another kind", key=key[:40]))


def revision_of(body: Mapping[str, Any]) -> int:
    if "revision" not in body:
        raise bad(tr("{key} is missing", key="revision"))
    return int(body["revision"])
