"""The look page: one private HTML file with a strip of faces for each person's number, to choose from."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path

from avg_video.errors import AvgError
from avg_video.language import active, mark, tr, trn
from avg_video.media.picture import Picture
from avg_video.media.private import write_private
from avg_video.media.reader import VideoReader
from avg_video.policy.plan import Plan
from avg_video.review.places import MARK, check_page
from avg_video.review.strips import Crop, Label, Still, Strips, take
from avg_video.track.types import Evidence, Track

__all__ = ["build_page", "make_page"]


def make_page(path: Path, plan: Plan, page_path: Path) -> None:
    """Read the recording at `path` once more and put the page for `plan` at `page_path`, mode 0600, whole or not.

    The page is one file: pictures inside, no scripts, nothing loaded from elsewhere, and neither the recording's name
    nor any path in it. Memory holds the page and one picture, however long the recording.

    Raises
    ------
    UsageError, OutputError: as of `places.check_page`.
    InputError: the recording can't be read, or is not the one that the plan was made from.
    OutputError: the page can't be written.
    """
    check_page(page_path)
    with VideoReader(path) as reader:
        try:
            page = build_page(reader, plan)
        except AvgError as error:
            error.file = error.file or path
            raise
    write_private(page_path, page.encode("utf-8"))


def build_page(pictures: Iterable[Picture], plan: Plan) -> str:
    """The page as text, from the pictures of the recording in order; see `make_page`."""
    seen = [track for track in plan.tracks if bool((track.evidence == Evidence.DETECTED).any())]
    strips = take(pictures, seen, plan.timeline)
    style = files("avg_video.review").joinpath("page.css").read_text(encoding="utf-8")
    # The one style sheet is allowed by its hash; images only from the page itself; everything else is refused.
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    rules = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    body = "\n".join([*_head(plan, seen), *_stills(strips.stills), *_people(plan, seen, strips), *_foot(plan, seen)])
    return (
        f'<!doctype html>\n<html lang="{active()}">\n<head>\n<meta charset="utf-8">\n{MARK}\n'
        f'<meta http-equiv="Content-Security-Policy" content="{rules}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="robots" content="noindex">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{tr('People in a recording')}</title>\n<style>{style}</style>\n"
        f"</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _head(plan: Plan, seen: Sequence[Track]) -> list[str]:
    w, h = plan.timeline.size_wh
    facts = trn(
        "{length} long, {width} &times; {height}, one number. Fingerprint of the recording: {fingerprint}",
        "{length} long, {width} &times; {height}, {n} numbers. Fingerprint of the recording: {fingerprint}",
        len(seen),
        length=clock(plan.timeline.duration_s),
        width=w,
        height=h,
        fingerprint=plan.source_sha256[:12],
    )
    warning = tr(
        "<strong>This page shows faces.</strong> It is meant for you alone. "
        "Don't pass it on, and delete it when you have chosen, "
        "together with the <code>.avgplan</code> file beside it."
    )
    how = tr(
        "Everybody is covered unless you say otherwise. Put the numbers you choose into this command; "
        "<code>FILE</code> is the recording:"
    )
    several = tr(
        "One person can have several numbers: who leaves the picture or turns away for long gets a new one on "
        "return. To show someone, name all of their numbers."
    )
    cover, show = _example(seen)
    return [
        "<header>",
        f"<h1>{tr('Who is in this recording?')}</h1>",
        f'<p class="facts">{facts}</p>',
        f'<div class="private" role="note"><p>{warning}</p></div>',
        "</header>",
        '<main>\n<section class="next" aria-labelledby="next">',
        f'<h2 id="next">{tr("Choose by number")}</h2>',
        f"<p>{how}</p>",
        f"<pre>avg-blur {tr('FILE')} --object {cover} --show {show}</pre>",
        '<ul class="means">'
        f"<li>{tr('<code>--object</code>: these people are covered whatever else is said.')}</li>"
        f"<li>{tr('<code>--show</code>: these people are shown. Leave it out to show nobody.')}</li>"
        f"<li>{several}</li>"
        f"<li>{tr('The numbers belong to this recording and this look at it only.')}</li></ul>",
        "</section>",
    ]


def _example(seen: Sequence[Track]) -> tuple[str, str]:
    """Numbers for the example command, from those that are there."""
    numbers = [track.id for track in seen if track.confirmed]
    if len(numbers) < 3:
        return "3,7", "1"
    return f"{numbers[1]},{numbers[2]}", str(numbers[0])


def _stills(stills: Sequence[Still]) -> list[str]:
    if not stills:
        return []
    one = " one" if len(stills) == 1 else ""
    return [
        f'<section aria-labelledby="room">\n<h2 id="room">{tr("Where they are")}</h2>',
        f'<div class="stills{one}">',
        *(_still(still) for still in stills),
        "</div>\n</section>",
    ]


def _still(still: Still) -> str:
    w, h = still.size_wh
    numbers = ", ".join(str(label.number) for label in still.labels)
    time = clock(still.at_s)
    about = tr("The whole picture at {time}, with the numbers {numbers} marked", time=time, numbers=numbers)
    marks = "".join(_mark(label, w, h) for label in still.labels)
    return (
        f'<figure class="still"><svg viewBox="0 0 {w} {h}" role="img" aria-label="{about}">'
        f'<image width="{w}" height="{h}" href="{_data(still.jpeg)}"/>{marks}</svg>'
        f"<figcaption>{tr('At {time}: {numbers}', time=time, numbers=numbers)}</figcaption></figure>"
    )


def _mark(label: Label, w: int, h: int) -> str:
    """A box and its number, above the box or, at the top of the picture, below it."""
    x1, y1, x2, y2 = label.box_xyxy
    thick = max(w / 560, 1)
    text = max(w / 52, 10)
    box = f'x="{x1 * w:.0f}" y="{y1 * h:.0f}" width="{(x2 - x1) * w:.0f}" height="{(y2 - y1) * h:.0f}"'
    base = y1 * h - text * 0.3 if y1 * h > text * 1.2 else y2 * h + text
    middle = min(max((x1 + x2) / 2 * w, text), w - text)
    return (
        f'<rect class="edge" {box} stroke-width="{thick * 2:.1f}"/><rect {box} stroke-width="{thick:.1f}"/>'
        f'<text x="{middle:.0f}" y="{base:.0f}" font-size="{text:.0f}" stroke-width="{text / 5:.1f}">'
        f"{label.number}</text>"
    )


def _people(plan: Plan, seen: Sequence[Track], strips: Strips) -> list[str]:
    sure = [track for track in seen if track.confirmed]
    weak = [track for track in seen if not track.confirmed]
    lines = []
    if sure:
        lines += [f'<section aria-labelledby="people">\n<h2 id="people">{tr("The people, by number")}</h2>']
        lines += ['<ol class="people">', *(_person(plan, track, strips.crops[track.id]) for track in sure), "</ol>"]
        lines += ["</section>"]
    if weak:
        lines += [f'<section aria-labelledby="weak">\n<h2 id="weak">{tr("Perhaps someone")}</h2>']
        remark = tr("Seen weakly only, so it may be no face at all. These stay covered and can't be shown.")
        lines += [f"<p>{remark}</p>"]
        lines += ['<ol class="people">', *(_person(plan, track, strips.crops[track.id]) for track in weak), "</ol>"]
        lines += ["</section>"]
    return lines


def _person(plan: Plan, track: Track, strip: Sequence[Crop]) -> str:
    seconds = plan.timeline.seconds
    first, last = clock(float(seconds[track.first])), clock(float(seconds[track.last]))
    pictures = "".join(_crop(track, crop) for crop in strip)
    shown = any(d.track_id == track.id and d.verdict == "show" for d in plan.decisions)
    if shown:
        verdict = f'<p class="verdict show">{tr("shown by your rules")}</p>'
    else:
        verdict = f'<p class="verdict">{tr("covered")}</p>'
    return (
        f'<li id="n{track.id}"><div><h3>{track.id}</h3><p class="when">{first} &ndash; {last}</p>{verdict}</div>'
        f'{_map(plan, track)}<ul class="strip">{pictures}</ul></li>'
    )


def _crop(track: Track, crop: Crop) -> str:
    time = clock(crop.at_s)
    about = tr("Number {number} at {time}", number=track.id, time=time)
    return f'<li><img src="{_data(crop.jpeg)}" alt="{about}" loading="lazy"><span>{time}</span></li>'


def _map(plan: Plan, track: Track) -> str:
    """The outline of the picture with this person's place in it: up to eight boxes over their life."""
    w, h = plan.timeline.size_wh
    aspect = float(plan.timeline.sample_aspect)
    wide, high = (136, max(round(136 * h / (w * aspect)), 1))
    rows = sorted({round(i * (len(track) - 1) / 7) for i in range(8)})
    kx, ky = wide / w, high / h
    boxes = []
    for x1, y1, x2, y2 in track.boxes_xyxy[rows].tolist():
        left, top = min(max(x1, 0), w) * kx, min(max(y1, 0), h) * ky
        right, bottom = min(max(x2, 0), w) * kx, min(max(y2, 0), h) * ky
        # A face at the back is a few px here; a dot must remain visible.
        boxes.append(
            f'<rect class="seat" x="{left:.1f}" y="{top:.1f}" width="{max(right - left, 3):.1f}" '
            f'height="{max(bottom - top, 3):.1f}"/>'
        )
    words = place_words(track, plan.timeline.size_wh)
    about = tr("Place in the picture: {words}", words=words)
    return (
        f'<figure class="map"><svg viewBox="-1 -1 {wide + 2} {high + 2}" role="img" aria-label="{about}">'
        f'<rect class="room" width="{wide}" height="{high}" rx="3"/>{"".join(boxes)}</svg>'
        f"<figcaption>{words}</figcaption></figure>"
    )


_PLACES = (
    (mark("left, at the top"), mark("left"), mark("left, at the bottom")),
    (mark("middle, at the top"), mark("middle"), mark("middle, at the bottom")),
    (mark("right, at the top"), mark("right"), mark("right, at the bottom")),
)
_MOVED = {
    (0, 1): mark("from left to middle"),
    (0, 2): mark("from left to right"),
    (1, 0): mark("from middle to left"),
    (1, 2): mark("from middle to right"),
    (2, 0): mark("from right to left"),
    (2, 1): mark("from right to middle"),
}


def place_words(track: Track, size_wh: tuple[int, int]) -> str:
    """Where someone mostly is, in words: 'left, at the top', 'middle', 'from left to right'."""
    x = (track.boxes_xyxy[:, 0] + track.boxes_xyxy[:, 2]) / 2 / size_wh[0]
    y = (track.boxes_xyxy[:, 1] + track.boxes_xyxy[:, 3]) / 2 / size_wh[1]
    ends = _third(float(x[0])), _third(float(x[-1]))
    if ends[0] != ends[1] and float(x.max() - x.min()) > 1 / 3:
        return tr(_MOVED[ends])
    middle = sorted(x.tolist())[len(x) // 2], sorted(y.tolist())[len(y) // 2]
    return tr(_PLACES[_third(middle[0])][_third(middle[1])])


def _third(fraction: float) -> int:
    return min(max(int(fraction * 3), 0), 2)


def _foot(plan: Plan, seen: Sequence[Track]) -> list[str]:
    unseen = len(plan.tracks) - len(seen)
    lines = [f'<section aria-labelledby="not">\n<h2 id="not">{tr("What is not on this page")}</h2>']
    if not seen:
        lines += [f"<p><strong>{tr('No faces were found in this recording.')}</strong></p>"]
    if unseen:
        stretches = trn(
            "One stretch has a number but no picture here: a face was there before or after, but was not seen in "
            "between. They are always covered.",
            "{n} stretches have a number but no picture here: a face was there before or after, but was not seen in "
            "between. They are always covered.",
            unseen,
        )
        lines += [f"<p>{stretches}</p>"]
    never = tr(
        "A face that was never found has no number, and can't be chosen here. Look at the finished video before "
        "you use it."
    )
    lines += [
        f"<p>{never}</p>",
        "</section>\n</main>",
    ]
    return lines


def _data(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')}"


def clock(seconds: float) -> str:
    """Seconds as a person reads them from a player: '0:04.2', '1:02:03.4'."""
    tenths = round(seconds * 10)
    hours, minutes, rest = tenths // 36000, tenths // 600 % 60, tenths % 600
    head = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{head}:{rest // 10:02d}.{rest % 10}"
