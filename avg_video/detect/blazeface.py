"""BlazeFace, the detector of the package mediapipe, over overlapping tiles; for comparison, slower than the others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from avg_video.detect import weights
from avg_video.detect.boxes import Boxes
from avg_video.detect.manifest import model
from avg_video.detect.network import check_picture
from avg_video.detect.nms import settle
from avg_video.errors import ModelError
from avg_video.language import tr

__all__ = ["BlazeFace"]

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]

GRAPH = "mediapipe/modules/face_detection/face_detection_full_range_cpu.binarypb"
LEAST = "facedetectionfullrange__facedetection__TensorsToDetectionsCalculator.min_score_thresh"
FLOOR = 0.3
"""mediapipe takes its least score once, when it is set up; hits below this are never reported."""
OVERLAP = 1 / 3
"""Share of a tile that the next one covers again. A face up to that size lies whole in one of them; a larger one lies
whole in a tile of the next size. Less overlap cuts faces at the seams, more costs time."""


class BlazeFace:
    """Bazarevsky and others, "BlazeFace" (2019), arXiv 1907.05047, in the full-range form of mediapipe 0.10.21.

    It sees 192 x 192 px at a time, in which it finds faces of 16 to 170 px. So the picture is cut into tiles of 192 px
    at its own size, then of 384 px, 768 px and so on seen smaller, up to the whole of it.

    Raises `ModelError` when mediapipe is not installed, or carries other weights.
    """

    def __init__(self) -> None:
        entry = model("blazeface")
        weights.read(entry.name)
        try:
            from mediapipe.python.solution_base import SolutionBase
        except ImportError as error:
            raise ModelError(
                tr("mediapipe can't be loaded ({why})", why=error),
                remedy=tr("pip install 'avg-blur[mediapipe]' (Python 3.11 or 3.12)"),
            ) from error
        # mediapipe's own FaceDetection(min_detection_confidence=...) has no effect on this graph, which keeps to 0.6.
        self._graph: Any = SolutionBase(
            binary_graph_path=GRAPH, calculator_params={LEAST: FLOOR}, outputs=["detections"]
        )
        self._turn = threading.Lock()  # the graph answers one caller at a time
        self._tile_px, self._nms_iou = entry.multiple_px, entry.nms_iou
        self.name, self.weak, self.strong = entry.name, entry.weak, entry.strong

    def __call__(self, bgr: U8, min_score: float | None = None) -> Boxes:
        """Faces in uint8 (h, w, 3), from `min_score` (default: `weak`, least `FLOOR`); see `Detector`."""
        check_picture(bgr)
        rgb = np.ascontiguousarray(bgr[:, :, ::-1])
        size_wh = (bgr.shape[1], bgr.shape[0])
        hits = [self._look(rgb, tile) for tile in tiles(size_wh, self._tile_px)]
        boxes, scores = (np.concatenate(column) for column in zip(*hits, strict=True))
        wanted = scores >= (self.weak if min_score is None else min_score)
        return settle(boxes[wanted], scores[wanted], size_wh, self._nms_iou)

    def _look(self, rgb: U8, tile: tuple[int, int, int]) -> tuple[F32, F32]:
        """Boxes in px of the picture (n, 4) and scores (n,), for one tile."""
        x, y, side = tile
        seen = rgb[y : y + side, x : x + side]
        h, w = seen.shape[:2]
        if (h, w) != (side, side):
            # The last row and column go on: a hard edge to black is taken for the rim of a face.
            seen = np.pad(seen, ((0, side - h), (0, side - w), (0, 0)), mode="edge")
        if side > self._tile_px:
            scaled = cv2.resize(seen, (self._tile_px, self._tile_px), interpolation=cv2.INTER_AREA)
            seen = np.asarray(scaled, dtype=np.uint8)
        with self._turn:
            found = self._graph.process({"image": np.ascontiguousarray(seen)}).detections or []
        boxes = np.zeros((len(found), 4), np.float32)
        for row, hit in zip(boxes, found, strict=True):
            box = hit.location_data.relative_bounding_box
            row[:] = box.xmin, box.ymin, box.xmin + box.width, box.ymin + box.height
        scores = np.array([hit.score[0] for hit in found], np.float32)
        return boxes * side + np.array([x, y, x, y], np.float32), scores


def tiles(size_wh: tuple[int, int], tile_px: int) -> Iterator[tuple[int, int, int]]:
    """Left, top and side, px, of every tile: of `tile_px`, twice that and so on, the last as long as the picture."""
    longest = max(*size_wh, tile_px)
    side = tile_px
    while True:
        step = max(int(side * (1 - OVERLAP)), 1)
        for y in _starts(size_wh[1], side, step):
            for x in _starts(size_wh[0], side, step):
                yield x, y, side
        if side == longest:
            return
        side = min(side * 2, longest)


def _starts(length: int, side: int, step: int) -> list[int]:
    """Where tiles begin along one axis: a step apart, the last one flush with the end."""
    end = max(length - side, 0)
    return sorted({*range(0, end, step), end})
