"""What the page can ask for. No request names a file: only numbers of the loaded plan, and parts of a policy."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from avg_video import language
from avg_video.job import default_output
from avg_video.language import LANGUAGES, active, tr
from avg_video.policy.profile import load_profile, profile_names
from avg_video.review.server.edits import edits_of
from avg_video.review.server.listening import PER_SECOND
from avg_video.review.server.session import NotReady, Session
from avg_video.review.server.texts import page_texts
from avg_video.review.server.uncertain import uncertain_view
from avg_video.review.server.view import boxes_view, profile_view
from avg_video.review.server.wire import (
    Refused,
    as_json,
    bad,
    fault,
    nothing_there,
    only,
    query,
    read_body,
    refusal,
    revision_of,
    seconds_of,
    told,
    whole,
)

__all__ = ["application"]

TELL_S = 0.2
"""How often a stream looks for something new."""
ALIVE_S = 10.0
GONE_S = 0.015
"""How often it is looked whether whoever waits for a picture is gone; what they ask instead waits for that."""
MOST_BOXES = 500
WIDEST = 1920
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
"""Files of the page that are given out, by how their names end."""


def application(session: Session) -> Starlette:
    """The routes of one review; everything in `gate.Gate` is checked before them."""
    page = _page_files()
    routes = [
        Route("/", partial(_static, page, "index.html"), methods=["GET"]),
        Route("/page/{name:path}", partial(_named, page), methods=["GET"]),
    ]
    asks: dict[str, Callable[[Session, Request], Response]] = {
        "/api/state": _state,
        "/api/texts": _texts,
        "/api/profiles": _profiles,
        "/api/early": _early,
        "/api/early/{number:int}.jpg": _early_picture,
        "/api/film": _film,
        "/api/film/times": _times,
        "/api/boxes": _boxes,
        "/api/uncertain": _uncertain,
        "/api/people": _people,
        "/api/choices": _choices,
        "/api/sound/peaks": _peaks,
        "/api/sound/clip.wav": _clip,
    }
    looks: dict[str, Callable[[Session, Request, Callable[[], bool]], Response]] = {
        "/api/pictures/{index:int}.jpg": _picture,
        "/api/faces/{number:int}/{k:int}.jpg": _face,
    }
    does: dict[tuple[str, str], Callable[[Session, dict[str, Any]], Response]] = {
        ("POST", "/api/early/objected"): _object,
        ("POST", "/api/edits"): _edit,
        ("PUT", "/api/choices"): _replace,
        ("POST", "/api/undo"): _undo,
        ("POST", "/api/redo"): _redo,
        ("POST", "/api/save"): _save,
        ("POST", "/api/make"): _make,
        ("POST", "/api/make/cancel"): _cancel,
        ("POST", "/api/language"): _language,
        ("POST", "/api/end"): _end,
    }
    routes += [Route(path, _asking(session, f), methods=["GET"]) for path, f in asks.items()]
    routes += [Route(path, _looking(session, f), methods=["GET"]) for path, f in looks.items()]
    routes += [Route(path, _doing(session, f), methods=[method]) for (method, path), f in does.items()]
    routes.append(Route("/api/events", partial(_events, session), methods=["GET"]))
    app = Starlette(routes=routes, exception_handlers={404: nothing_there, 405: nothing_there, Exception: fault})
    app.router.redirect_slashes = False
    return app


# -- the ways in -----------------------------------------------------------------------------------------------------
Endpoint = Callable[[Request], Awaitable[Response]]


def _asking(session: Session, answer: Callable[[Session, Request], Response]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        session.presence.asked()
        return await run_in_threadpool(told, answer, session, request)

    return endpoint


def _looking(session: Session, answer: Callable[[Session, Request, Callable[[], bool]], Response]) -> Endpoint:
    """For what takes its time: nothing is decoded for whoever is gone by then."""

    async def endpoint(request: Request) -> Response:
        session.presence.asked()
        gone = threading.Event()
        watch = asyncio.create_task(_watch(request, gone))
        try:
            return await run_in_threadpool(told, answer, session, request, lambda: not gone.is_set())
        finally:
            watch.cancel()

    return endpoint


async def _watch(request: Request, gone: threading.Event) -> None:
    while not await request.is_disconnected():
        await asyncio.sleep(GONE_S)
    gone.set()


def _doing(session: Session, act: Callable[[Session, dict[str, Any]], Response]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        session.presence.asked()
        try:
            body = await read_body(request)
        except Refused as refused:
            return refusal(refused)
        return await run_in_threadpool(told, act, session, body)

    return endpoint


# -- answers ---------------------------------------------------------------------------------------------------------
def _state(session: Session, request: Request) -> Response:
    return as_json(session.state())


def _texts(session: Session, request: Request) -> Response:
    return as_json({"language": active(), "languages": LANGUAGES, "texts": page_texts()})


def _profiles(session: Session, request: Request) -> Response:
    return as_json({"profiles": [profile_view(load_profile(name)) for name in profile_names()]})


def _early(session: Session, request: Request) -> Response:
    return as_json(session.early().view())


def _early_picture(session: Session, request: Request) -> Response:
    return _jpeg(session.early().jpeg(request.path_params["number"]))


def _object(session: Session, body: dict[str, Any]) -> Response:
    only(body, face=int, objected=bool)
    if body.keys() != {"face", "objected"}:
        raise bad(tr("{key} is missing", key="face, objected"))
    return as_json(session.object(body["face"], objected=body["objected"]))


def _film(session: Session, request: Request) -> Response:
    info = session.info
    w, h = info.size_wh
    names = {"kept_name": default_output(session.path).name, "policy_name": session.policy_path.name}
    shape = {"width": w, "height": h, "display_aspect": round(w * float(info.sample_aspect) / h, 6)}
    told: dict[str, Any] = {
        **names,
        **shape,
        "declared_s": info.declared_seconds,
        "has_sound": info.sound_stream is not None,
        "pictures": None,
        "duration_s": None,
        "rate": None,
        "cuts": None,
    }
    try:
        line = session.ready().plan.timeline
    except NotReady:
        return as_json(told)
    length = {"pictures": len(line), "duration_s": line.duration_s, "rate": round(len(line) / line.duration_s, 4)}
    return as_json({**told, **length, "cuts": line.cuts.tolist()})


def _times(session: Session, request: Request) -> Response:
    seconds = session.ready().plan.timeline.seconds
    return Response(np.asarray(seconds, "<f8").tobytes(), media_type="application/octet-stream")


def _boxes(session: Session, request: Request) -> Response:
    asked = query(request, first="0", count="1")
    judged = session.judged()
    first = whole(asked["first"], 0, len(judged.plan.timeline) - 1)
    return as_json(boxes_view(judged, session.ready().court, first, whole(asked["count"], 1, MOST_BOXES)))


def _uncertain(session: Session, request: Request) -> Response:
    revision = session.ready().history.revision
    return as_json({"revision": revision, "places": uncertain_view(session.judged(), session.finds_s)})


def _people(session: Session, request: Request) -> Response:
    return as_json(session.people())


def _choices(session: Session, request: Request) -> Response:
    return as_json(session.choices())


def _picture(session: Session, request: Request, wanted: Callable[[], bool]) -> Response:
    asked = query(request, view="original", width="960", near="0")
    if asked["view"] not in ("original", "result") or asked["near"] not in ("0", "1"):
        raise bad(tr("there is a parameter that is not known"))
    width = whole(asked["width"], 160, WIDEST)
    film = session.ready().film
    picture = film.picture(request.path_params["index"], near=asked["near"] == "1", wanted=wanted)
    judged = session.judged() if asked["view"] == "result" else None
    return _jpeg(film.jpeg(picture, width, judged), {"X-Picture": str(picture.index)})


def _face(session: Session, request: Request, wanted: Callable[[], bool]) -> Response:
    number, k = request.path_params["number"], request.path_params["k"]
    return _jpeg(session.ready().film.face(session.judged(), number, k, wanted))


def _jpeg(data: bytes, headers: dict[str, str] | None = None) -> Response:
    return Response(data, media_type="image/jpeg", headers=headers)


def _peaks(session: Session, request: Request) -> Response:
    listening = session.ready().listening
    if listening.state == "reading":
        raise NotReady
    if listening.state != "ready":
        raise IndexError("no sound")
    return as_json({"per_second": PER_SECOND, "peaks": list(listening.peaks)})


def _clip(session: Session, request: Request) -> Response:
    asked = query(request, **{"from": "0", "seconds": "10", "muted": "0"})
    ready = session.ready()
    if ready.listening.state == "none":
        raise IndexError("no sound")
    mutes = ready.history.now.mutes_s if asked["muted"] == "1" else ()
    sound = ready.listening.clip(seconds_of(asked["from"]), seconds_of(asked["seconds"]), mutes)
    return Response(sound, media_type="audio/wav")


def _edit(session: Session, body: dict[str, Any]) -> Response:
    only(body, revision=int, edits=list)
    try:
        edits = edits_of(body.get("edits"))
    except ValueError as error:
        raise bad(str(error)) from None
    return as_json(session.edit(revision_of(body), edits))


def _replace(session: Session, body: dict[str, Any]) -> Response:
    only(body, revision=int, policy=dict)
    return as_json(session.replaced(revision_of(body), body.get("policy", {})))


def _undo(session: Session, body: dict[str, Any]) -> Response:
    only(body, revision=int)
    return _stepped(session.undo, body)


def _redo(session: Session, body: dict[str, Any]) -> Response:
    only(body, revision=int)
    return _stepped(session.redo, body)


def _stepped(step: Callable[[int], dict[str, Any]], body: Mapping[str, Any]) -> Response:
    try:
        return as_json(step(revision_of(body)))
    except IndexError:
        raise Refused(409, "nothing-to-undo", tr("there is no such step")) from None


def _save(session: Session, body: dict[str, Any]) -> Response:
    only(body, revision=int, force=bool)
    return as_json(session.save(revision_of(body), force=body.get("force", False)))


def _make(session: Session, body: dict[str, Any]) -> Response:
    only(body, revision=int, force=bool, overwrite=bool)
    overwrite, force = body.get("overwrite", False), body.get("force", False)
    try:
        return as_json(session.make(revision_of(body), overwrite=overwrite, force=force), 202)
    except FileExistsError:
        raise Refused(409, "exists", tr("there is a copy already"), tr("replace it, or move it away first")) from None
    except BlockingIOError:
        raise Refused(409, "busy", tr("a copy is being made"), tr("wait for it, or stop it")) from None


def _cancel(session: Session, body: dict[str, Any]) -> Response:
    only(body)
    session.cancel()
    return as_json(session.state(), 202)


def _language(session: Session, body: dict[str, Any]) -> Response:
    only(body, language=str)
    if body.get("language") not in LANGUAGES:
        raise bad(tr("{key} is not known, or of another kind", key="language"))
    language.use(body["language"])
    session.changed()
    return Response(status_code=204)


def _end(session: Session, body: dict[str, Any]) -> Response:
    only(body)
    session.end("asked")
    return Response(status_code=204)


# -- streams and files -----------------------------------------------------------------------------------------------
async def _events(session: Session, request: Request) -> Response:
    return StreamingResponse(_told_on(session), media_type="text/event-stream")


async def _told_on(session: Session) -> AsyncIterator[bytes]:
    """The state, whenever it changed, until the review ends. The page is open for as long as it listens."""
    session.presence.opened()
    try:
        seen, quiet_s = 0, 0.0
        while True:
            ended, version = session.ended, session.version
            if version != seen:
                seen, quiet_s = version, 0.0
                yield _event("state", await run_in_threadpool(session.state))
            if ended is not None:
                yield _event("ended", {"why": ended, "kept": session.kept})
                return
            if quiet_s >= ALIVE_S:
                quiet_s = 0.0
                yield b": alive\n\n"
            await asyncio.sleep(TELL_S)
            quiet_s += TELL_S
    finally:
        session.presence.closed()


def _event(name: str, value: Mapping[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(value, allow_nan=False)}\n\n".encode()


def _page_files() -> dict[str, Traversable]:
    """The files of the page by name, two folders deep; the list is made once, so nothing else can be asked for."""
    root = files("avg_video.review").joinpath("page")
    found: dict[str, Traversable] = {}
    for item in root.iterdir() if root.is_dir() else ():
        if item.is_file():
            found[item.name] = item
        elif item.is_dir():
            found |= {f"{item.name}/{inner.name}": inner for inner in item.iterdir() if inner.is_file()}
    return {name: item for name, item in found.items() if _kind(name) is not None}


def _kind(name: str) -> str | None:
    return next((kind for end, kind in KINDS.items() if name.endswith(end)), None)


async def _static(page: Mapping[str, Traversable], name: str, request: Request) -> Response:
    item = page.get(name)
    if item is None:
        return refusal(Refused(404, "not-found", tr("there is nothing like that")))
    return Response(await run_in_threadpool(item.read_bytes), media_type=_kind(name))


async def _named(page: Mapping[str, Traversable], request: Request) -> Response:
    return await _static(page, request.path_params["name"], request)
