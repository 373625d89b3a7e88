"""Pass 1: go through the film once, look at it, and follow everyone who is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from avg_video.detect.boxes import Boxes, joined
from avg_video.detect.detector import Detector
from avg_video.detect.looks import Agenda, LookSettings
from avg_video.detect.views import View, look, merged
from avg_video.media.picture import Picture
from avg_video.media.reader import VideoReader
from avg_video.media.stages import prefetch
from avg_video.media.timing import Timeline
from avg_video.track.camera import CameraEstimator, Step
from avg_video.track.follow import Follower, FollowSettings
from avg_video.track.types import CameraMotion, Track

__all__ = ["Found", "search"]

PLANE_PX = 640
"""Long side of the reduced luma plane on which motion is measured. Smaller is faster and loses small faces."""
DECODED_AHEAD = 3
"""Pictures decoded before they are reduced; bounds memory."""
REDUCED_AHEAD = 6
"""Pictures reduced before they are looked at, at least as many as from one look to the next, so that decoding goes on
while the detector works; bounds memory."""
LOOKED_AHEAD = 30
"""Reduced planes that wait to be followed; small, so many may wait while gaps are closed."""


@dataclass(frozen=True)
class Found:
    """What pass 1 knows.

    Attributes
    ----------
    tracks: everyone who was followed.
    motion: of the camera, px of the picture.
    timeline: of the recording, with its cuts.
    looks: at how many pictures somebody looked.
    views: how many views of pictures that were, in all.
    """

    tracks: tuple[Track, ...]
    motion: CameraMotion
    timeline: Timeline
    looks: int
    views: int


def search(
    reader: VideoReader,
    detector: Detector,
    *,
    look_settings: LookSettings | None = None,
    follow_settings: FollowSettings | None = None,
    at: Callable[[float, int], None] = lambda second, pictures: None,
    met: Callable[[Picture, float, Boxes], None] | None = None,
) -> Found:
    """Find and follow everyone in the recording that `reader` is about to read; the reader is read to its end.

    `at(second, pictures)` is called after each picture; `met(picture, second, found)`, in another thread, whenever the
    whole picture was looked at. Raises what the reader raises.
    """
    size_wh = reader.info.size_wh
    shrink = min(PLANE_PX / max(size_wh), 1.0)
    plane_wh = (max(round(size_wh[0] * shrink), 8), max(round(size_wh[1] * shrink), 8))
    per_plane = size_wh[0] / plane_wh[0]
    camera = CameraEstimator()
    follower = Follower(per_plane, follow_settings or FollowSettings(strong=detector.strong))
    seen = _seen(reader, camera, plane_wh)
    sights = _looked(seen, Agenda(size_wh, look_settings, strong=detector.strong), detector, met)
    cuts: list[int] = []
    looks = views = 0
    with closing(prefetch(sights, LOOKED_AHEAD)) as ready:
        for sight in ready:
            if sight.step.cut:
                cuts.append(sight.index)
            follower.push(sight.index, sight.second, sight.luma, sight.step.affine, cut=sight.step.cut)
            if sight.found is not None:
                follower.look(sight.found, sight.places_xyxy)
                looks, views = looks + bool(sight.views), views + sight.views
            at(sight.second, sight.index + 1)
    return Found(follower.finish(), camera.motion(per_plane), reader.timeline(cuts), looks, views)


@dataclass(frozen=True, eq=False)
class _Sight:
    """One picture on its way through pass 1.

    Attributes
    ----------
    luma: uint8 (h, w), reduced.
    step: how the camera moved.
    found: who was found in it; None where nobody looked.
    views: in how many views.
    places_xyxy: float32 (m, 4) px, where nothing but these places was looked at.
    """

    index: int
    second: float
    luma: npt.NDArray[np.uint8]
    step: Step
    found: Boxes | None = None
    views: int = 0
    places_xyxy: npt.NDArray[np.float32] | None = None


def _seen(reader: VideoReader, camera: CameraEstimator, plane_wh: tuple[int, int]) -> Iterator[tuple[Picture, _Sight]]:
    """Reduce every picture and follow the camera."""
    first_pts: int | None = None
    with closing(prefetch(reader, DECODED_AHEAD)) as pictures:
        for picture in pictures:
            first_pts = picture.pts if first_pts is None else first_pts
            second = float((picture.pts - first_pts) * reader.info.time_base)
            luma = picture.luma(plane_wh)
            step = camera.push(luma, forced_cut=picture.index in reader.forced_cuts)
            yield picture, _Sight(picture.index, second, luma, step)


def _looked(
    seen: Iterator[tuple[Picture, _Sight]],
    agenda: Agenda,
    detector: Detector,
    met: Callable[[Picture, float, Boxes], None] | None,
) -> Iterator[_Sight]:
    """Look where and when the agenda says so."""
    found = Boxes.none()
    with closing(prefetch(seen, REDUCED_AHEAD)) as pictures:
        for picture, sight in pictures:
            now = agenda.due(sight.second, sight.luma, cut=sight.step.cut)
            if now is None:
                yield sight
            elif not now.whole:
                places = np.array([view.crop_xyxy for view in now.views], np.float32)
                close = look(picture, now.views, detector)
                yield replace(sight, found=close, views=len(now.views), places_xyxy=places)
            else:
                again: tuple[View, ...] = ()
                if now.views:
                    found = look(picture, now.views, detector)
                    again = agenda.missed(found)
                    if again:
                        found = merged(joined(found, look(picture, again, detector)))
                    agenda.saw(found)
                    if met is not None:
                        met(picture, sight.second, found)
                yield replace(sight, found=found, views=len(now.views) + len(again))
