"""Camera motion and hard cuts, estimated once per picture on a reduced luma plane and used by everything after it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from avg_video.track.types import CameraMotion

__all__ = ["CameraEstimator", "Step", "move_boxes"]

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]

MAX_POINTS = 120
"""Corners followed per shot. More costs time, 200 take 15 to 40 % longer (measured); fewer than about 60 lets one
walking person pass for the room."""
WINDOW_PX = (11, 11)
SETTLED = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 10, 0.03)
"""When a corner's search ends. OpenCV's own (30 steps, 0.01 px) takes a sixth longer and moves the estimate by less
than half a px of the plane in 99 of 100 pictures (measured)."""
MIN_INLIERS = 16
MIN_INLIER_SHARE = 0.45
"""Below this share of agreeing points the estimate is not trusted, and permissions tied to places end."""
RENEW_SHARE = 0.6
"""Below this share the corners are chosen anew, so that people in the way don't wear the estimate down."""
INLIER_PX = 1.0
"""Greatest distance of an agreeing point, in px of the reduced plane."""
STILL_PX = 0.2
"""Motion of the picture's corners below this, in px of the reduced plane, is noise: a tripod doesn't drift."""
CUT_LEVEL = 10.0
"""Least mean change of a 32 x 18 thumbnail at a cut, in levels of 255. Higher misses cuts between alike scenes."""
CUT_RATIO = 3.0
"""A cut stands out from the changes just before it by this factor; a fast pan or a flicker does not."""

IDENTITY = np.eye(3, dtype=np.float64)


def move_boxes(boxes_xyxy: F32, affine: npt.NDArray[np.floating]) -> F32:
    """Boxes (n, 4) after a similarity (2, 3): centres are mapped, sizes scaled; float32 (n, 4)."""
    centre = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2
    scale = float(np.sqrt(abs(affine[0, 0] * affine[1, 1] - affine[0, 1] * affine[1, 0])))
    half = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]) / 2 * scale
    moved = centre @ affine[:, :2].T + affine[:, 2]
    return np.concatenate([moved - half, moved + half], axis=1).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Step:
    """What one picture tells about the camera.

    Attributes
    ----------
    affine: float64 (2, 3); maps px of the reduced plane of the picture before to this one's.
    trusted: False at a cut and where the room could not be followed.
    cut: True for the first picture of a new shot.
    change: mean absolute change of a 32 x 18 thumbnail, in levels; how busy the picture is.
    """

    affine: npt.NDArray[np.float64]
    trusted: bool
    cut: bool
    change: float


class CameraEstimator:
    """Follows corners of the room from an anchor picture, so that a long shot gathers no drift.

    Corners (Shi and Tomasi 1994) of the anchor are found again in each picture by pyramidal Lucas-Kanade, starting
    where the last estimate put them; a similarity is fitted with RANSAC. The anchor is renewed when too few agree.
    """

    def __init__(self) -> None:
        self._anchor: U8 | None = None
        self._points: F32 = np.zeros((0, 1, 2), np.float32)
        self._from_anchor = IDENTITY.copy()
        self._before: U8 | None = None
        self._thumb: npt.NDArray[np.float32] | None = None
        self._changes: deque[float] = deque(maxlen=12)
        self._steps: list[Step] = []

    def push(self, luma: U8, *, forced_cut: bool = False) -> Step:
        """Take the next picture's reduced luma, uint8 (h, w), all of one size; returns how it follows the last."""
        thumb = cv2.resize(luma, (32, 18), interpolation=cv2.INTER_AREA).astype(np.float32)
        if self._before is None or self._thumb is None:
            step = Step(IDENTITY[:2].copy(), True, False, 0.0)
            self._renew(luma)
        else:
            change = float(np.abs(thumb - self._thumb).mean())
            usual = float(np.median(self._changes)) if self._changes else 0.0
            affine, share = self._follow(luma)
            stands_out = change > CUT_LEVEL and change > CUT_RATIO * (usual + 1.0)
            cut = forced_cut or (stands_out and share < MIN_INLIER_SHARE)
            trusted = not cut and share >= MIN_INLIER_SHARE
            step = Step(affine if trusted else IDENTITY[:2].copy(), trusted, cut, change)
            self._changes.append(change)
            if cut:
                self._changes.clear()
            if not trusted or share < RENEW_SHARE:
                self._renew(luma)
        self._before, self._thumb = luma, thumb
        self._steps.append(step)
        return step

    def _renew(self, luma: U8) -> None:
        distance = max(luma.shape) / 32
        corners = cv2.goodFeaturesToTrack(luma, MAX_POINTS, 0.01, distance)
        self._anchor = luma
        found = [] if corners is None else corners
        self._points = np.asarray(found, np.float32).reshape(-1, 1, 2)
        self._from_anchor = IDENTITY.copy()

    def _follow(self, luma: U8) -> tuple[npt.NDArray[np.float64], float]:
        """Affine (2, 3) from the last picture to this one, and the share of corners that agree with it."""
        if self._anchor is None or len(self._points) < MIN_INLIERS:
            # A blank wall says nothing about the camera; an unchanged one says that it stands still.
            same = self._before is not None and float(cv2.absdiff(luma, self._before).mean()) < 1.0
            return IDENTITY[:2].copy(), 1.0 if same else 0.0
        guess = cv2.transform(self._points, self._from_anchor[:2]).astype(np.float32)
        flags = cv2.OPTFLOW_USE_INITIAL_FLOW
        found, ok, _ = cv2.calcOpticalFlowPyrLK(
            self._anchor, luma, self._points, guess.copy(), winSize=WINDOW_PX, maxLevel=3, criteria=SETTLED, flags=flags
        )
        good = np.asarray(ok).reshape(-1) == 1
        if int(good.sum()) < MIN_INLIERS:
            return IDENTITY[:2].copy(), 0.0
        fit, inliers = cv2.estimateAffinePartial2D(
            self._points[good], found[good], method=cv2.RANSAC, ransacReprojThreshold=INLIER_PX, maxIters=500
        )
        if fit is None or int(inliers.sum()) < MIN_INLIERS:
            return IDENTITY[:2].copy(), 0.0
        share = float(inliers.sum()) / len(self._points)
        absolute = np.vstack([fit, [0, 0, 1]])
        step = absolute @ np.linalg.inv(self._from_anchor)
        if _corner_motion(step, luma.shape) < STILL_PX:
            return IDENTITY[:2].copy(), share  # the anchor's estimate stays, so slow real motion still adds up
        self._from_anchor = absolute
        return step[:2], share

    def motion(self, picture_per_plane: float) -> CameraMotion:
        """The whole recording's motion in px of the picture; `picture_per_plane` is picture width / plane width."""
        n = len(self._steps)
        affine = np.zeros((n, 2, 3), np.float32)
        for i, step in enumerate(self._steps):
            affine[i] = step.affine
        affine[:, :, 2] *= picture_per_plane
        return CameraMotion(affine, np.array([s.trusted for s in self._steps], np.bool_))


def _corner_motion(step: npt.NDArray[np.float64], shape: tuple[int, ...]) -> float:
    """How far the fastest of the picture's four corners moves, in px."""
    h, w = shape[:2]
    corners = np.array([[0, 0, 1], [w, 0, 1], [0, h, 1], [w, h, 1]], np.float64).T
    return float(np.abs((step @ corners - corners)[:2]).max())
