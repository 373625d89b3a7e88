"""Small pictures of each person, and a few of the whole room, taken from a recording in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from avg_video.errors import InputError
from avg_video.language import tr
from avg_video.media.picture import Picture
from avg_video.media.timing import Timeline
from avg_video.track.types import Evidence, Track

__all__ = ["Crop", "Label", "Still", "Strips", "choose_moments", "choose_stills", "crop", "jpeg", "take"]

F32 = npt.NDArray[np.float32]

STRIP_LENGTH = 8
"""Pictures per person at most: enough to recognise someone who turns, few enough to fit one line of a laptop screen."""
MOMENT_S = 0.4
"""Pictures of one person closer together than this look alike."""
CROPS_AT_MOST = 3000
"""Over all people together, which keeps the page of a long lesson under about 30 MB; strips get shorter instead."""
CROP_PX = 160
CROP_WIDTH = 1.9
"""Side of a crop in face boxes: hair, shoulders and the neighbour's elbow help to recognise a place."""
STILLS_AT_MOST = 6
STILL_WIDTH_PX = 1120
JPEG_QUALITY = 82


@dataclass(frozen=True)
class Crop:
    """One picture of one person: seconds from the first picture, and a JPEG."""

    at_s: float
    jpeg: bytes


@dataclass(frozen=True)
class Label:
    """Where one person is in a still: fractions of its width and height."""

    number: int
    box_xyxy: tuple[float, float, float, float]


@dataclass(frozen=True)
class Still:
    """One picture of the whole room as a JPEG of `size_wh` px, and who is where in it."""

    at_s: float
    jpeg: bytes
    size_wh: tuple[int, int]
    labels: tuple[Label, ...]


@dataclass(frozen=True)
class Strips:
    """`crops[number]`: the strip of each person, in order of time; `stills` in order of time."""

    crops: dict[int, tuple[Crop, ...]]
    stills: tuple[Still, ...]


def choose_moments(track: Track, timeline: Timeline, at_most: int = STRIP_LENGTH) -> list[int]:
    """Picture indices that show a person best: one from each equal part of the time in which they were detected.

    In each part it is the one with the largest box that lies inside the picture. Empty for a track without a detection.
    """
    seen = np.flatnonzero(track.evidence == Evidence.DETECTED)
    if not len(seen):
        return []
    seconds = timeline.seconds[track.frames[seen]]
    span = float(seconds[-1] - seconds[0])
    parts = int(np.clip(1 + span / MOMENT_S, 1, at_most))
    part = np.minimum((seconds - seconds[0]) / max(span, 1e-9) * parts, parts - 1).astype(int)
    w, h = timeline.size_wh
    inside = np.clip(track.boxes_xyxy[seen], 0, (w, h, w, h))
    area = np.prod(np.clip(inside[:, 2:] - inside[:, :2], 0, None), axis=1)
    best = [max(np.flatnonzero(part == k), key=lambda i: area[i]) for k in np.unique(part)]
    return [int(track.frames[seen[i]]) for i in best]


def choose_stills(tracks: Sequence[Track], n: int, at_most: int = STILLS_AT_MOST) -> list[int]:
    """Picture indices, sorted, that together show as many of `tracks` as possible (greedily, most first).

    A person counts as seen between their first and last detection. From the pictures that are equally good the middle
    of the longest run is taken, where nobody is just coming or going.
    """
    spans = []
    for track in tracks:
        seen = track.frames[track.evidence == Evidence.DETECTED]
        if len(seen):
            spans.append((int(seen[0]), int(seen[-1])))
    chosen: list[int] = []
    while spans and len(chosen) < at_most:
        change = np.zeros(n + 1, np.int32)
        for first, last in spans:
            change[first] += 1
            change[last + 1] -= 1
        count = np.cumsum(change[:n])
        edges = np.flatnonzero(np.diff(np.concatenate(([0], count == count.max(), [0])).astype(np.int8)))
        begins, ends = edges[::2], edges[1::2]
        longest = int(np.argmax(ends - begins))
        at = int(begins[longest] + ends[longest] - 1) // 2
        chosen.append(at)
        spans = [(first, last) for first, last in spans if not first <= at <= last]
    return sorted(chosen)


def take(pictures: Iterable[Picture], tracks: Sequence[Track], timeline: Timeline) -> Strips:
    """Crops and stills of `tracks` from `pictures`, which are read once and only as far as they are needed.

    Only compressed crops are kept, so memory does not grow with the length of the recording.

    Raises `InputError` when the pictures are not those of `timeline`.
    """
    length = int(np.clip(CROPS_AT_MOST // max(len(tracks), 1), 1, STRIP_LENGTH))
    wanted: dict[int, list[Track]] = {}
    for track in tracks:
        for index in choose_moments(track, timeline, length):
            wanted.setdefault(index, []).append(track)
    still_at = choose_stills([t for t in tracks if t.confirmed] or tracks, len(timeline))
    missing = set(wanted) | set(still_at)
    seconds = timeline.seconds
    crops: dict[int, list[Crop]] = {track.id: [] for track in tracks}
    stills: list[Still] = []
    for picture in pictures:
        if not missing:
            break
        if picture.index not in missing:
            continue
        missing.remove(picture.index)
        if picture.pts != int(timeline.pts[picture.index]) or picture.size_wh != timeline.size_wh:
            raise _changed()
        at_s = float(seconds[picture.index])
        for track in wanted.get(picture.index, []):
            box = track.boxes_xyxy[picture.index - track.first]
            crops[track.id].append(Crop(at_s, crop(picture, box, float(timeline.sample_aspect))))
        if picture.index in still_at:
            stills.append(_still(picture, tracks, at_s, float(timeline.sample_aspect)))
    if missing:
        raise _changed()
    return Strips({number: tuple(strip) for number, strip in crops.items()}, tuple(stills))


def _changed() -> InputError:
    return InputError(
        tr("the recording is not the one in which people were looked for"),
        remedy=tr("leave it unchanged while it is being looked at, and try again"),
    )


def crop(picture: Picture, box: F32, aspect: float) -> bytes:
    """A square around the box as it looks on a screen, moved inside the picture, the box marked."""
    w, h = picture.size_wh
    x1, y1, x2, y2 = (float(v) for v in box)
    side = CROP_WIDTH * max((x2 - x1) * aspect, y2 - y1)  # in screen px, which are px of the picture's height
    cw, ch = min(_even(side / aspect), w), min(_even(side), h)
    left = _even(min(max((x1 + x2) / 2 - cw / 2, 0), w - cw))
    top = _even(min(max((y1 + y2) / 2 - ch / 2, 0), h - ch))
    high = min(ch, CROP_PX)
    size = max(round(cw * aspect / ch * high), 2), max(high, 2)
    bgr = picture.bgr(size, (left, top, left + cw, top + ch))
    kx, ky = size[0] / cw, size[1] / ch
    x, y = ((x1 - left) * kx, (x2 - left) * kx), ((y1 - top) * ky, (y2 - top) * ky)
    _brackets(bgr, (round(x[0]), round(y[0]), round(x[1]), round(y[1])))
    return jpeg(bgr)


def _brackets(bgr: npt.NDArray[np.uint8], box: tuple[int, int, int, int]) -> None:
    """Corners around the face that is meant, a little outside it, so that the neighbour isn't taken for it."""
    out, arm = 3, max((box[2] - box[0]) // 5, 4)
    for x, to_x in ((box[0] - out, arm), (box[2] + out, -arm)):
        for y, to_y in ((box[1] - out, arm), (box[3] + out, -arm)):
            for shift, colour in ((1, (0, 0, 0)), (0, (255, 255, 255))):  # seen on light and on dark
                at = (x + shift, y + shift)
                cv2.line(bgr, at, (at[0] + to_x, at[1]), colour, 1)
                cv2.line(bgr, at, (at[0], at[1] + to_y), colour, 1)


def _still(picture: Picture, tracks: Sequence[Track], at_s: float, aspect: float) -> Still:
    w, h = picture.size_wh
    wide = w * aspect
    k = min(STILL_WIDTH_PX / wide, 1.0)
    size = max(round(wide * k), 2), max(round(h * k), 2)
    labels = []
    for track in tracks:
        box = track.box_at(picture.index)
        if box is None or track.evidence[picture.index - track.first] == Evidence.HELD:
            continue
        x1, y1, x2, y2 = (float(v) for v in np.clip(box / (w, h, w, h), 0, 1))
        labels.append(Label(track.id, (x1, y1, x2, y2)))
    return Still(at_s, jpeg(picture.bgr(size)), size, tuple(labels))


def _even(value: float) -> int:
    return max(int(value) & ~1, 2 if value > 0 else 0)


def jpeg(bgr: npt.NDArray[np.uint8]) -> bytes:
    done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise RuntimeError("OpenCV could not make a JPEG")
    return data.tobytes()
