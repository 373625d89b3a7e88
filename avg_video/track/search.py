"""Pass 1: go through the film once, look at it, and follow everyone who is found."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from avg_video.detect.boxes import Boxes
from avg_video.detect.detector import Detector
from avg_video.detect.looks import Agenda, LookSettings, look
from avg_video.media.reader import VideoReader
from avg_video.media.stages import prefetch
from avg_video.media.timing import Timeline
from avg_video.track.camera import CameraEstimator
from avg_video.track.follow import Follower, FollowSettings
from avg_video.track.types import CameraMotion, Track

__all__ = ["Found", "search"]

PLANE_PX = 640
"""Long side of the reduced luma plane on which motion is measured. Smaller is faster and loses small faces."""
AHEAD = 6
"""Pictures decoded ahead of the looking; bounds memory."""


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
) -> Found:
    """Find and follow everyone in the recording that `reader` is about to read; the reader is read to its end.

    `at(second, pictures)` is called after each picture. Raises what the reader raises.
    """
    info = reader.info
    w, h = info.size_wh
    shrink = min(PLANE_PX / max(w, h), 1.0)
    plane_wh = (max(round(w * shrink), 8), max(round(h * shrink), 8))
    per_plane = w / plane_wh[0]
    camera = CameraEstimator()
    follower = Follower(per_plane, follow_settings or FollowSettings(strong=detector.strong))
    agenda = Agenda(info.size_wh, look_settings)
    cuts: list[int] = []
    found = Boxes.none()
    looks = views_done = 0
    first_pts: int | None = None
    with closing(prefetch(reader, AHEAD)) as pictures:
        for picture in pictures:
            first_pts = picture.pts if first_pts is None else first_pts
            second = float((picture.pts - first_pts) * info.time_base)
            luma = picture.luma(plane_wh)
            step = camera.push(luma, forced_cut=picture.index in reader.forced_cuts)
            if step.cut:
                cuts.append(picture.index)
            follower.push(picture.index, second, luma, step.affine, cut=step.cut)
            views = agenda.due(second, luma, cut=step.cut, people=follower.last_sightings())
            if views:
                found = look(picture, views, detector)
                looks, views_done = looks + 1, views_done + len(views)
            if views is not None:
                follower.look(found)
            at(second, picture.index + 1)
    return Found(follower.finish(), camera.motion(per_plane), reader.timeline(cuts), looks, views_done)
