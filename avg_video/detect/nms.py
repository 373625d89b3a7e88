"""From a network's raw hits to the boxes of one picture: cut to it, and of those that overlap the best one kept."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from avg_video.detect.boxes import Boxes

__all__ = ["settle", "suppress"]

F32 = npt.NDArray[np.float32]


def suppress(boxes_xyxy: F32, scores: F32, nms_iou: float) -> npt.NDArray[np.intp]:
    """Greedy non-maximum suppression: positions of the boxes that stay, best first.

    Parameters
    ----------
    boxes_xyxy: (n, 4) px. scores: (n,), above 0; of equal ones the first wins.
    nms_iou: a box goes when it overlaps a better one that stays by more than this intersection over union.
        Lower hides a head behind its neighbour's box, higher costs time later.

    Which boxes stay above a score does not depend on the boxes below it.
    """
    if not len(scores):
        return np.zeros(0, np.intp)
    xywh = np.concatenate([boxes_xyxy[:, :2], boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]], axis=1)
    kept = cv2.dnn.NMSBoxes(xywh.astype(np.float64), scores, 0.0, nms_iou)  # type: ignore[arg-type]  # takes arrays too
    return np.asarray(kept, dtype=np.intp).reshape(-1)


def settle(boxes_xyxy: F32, scores: F32, size_wh: tuple[int, int], nms_iou: float) -> Boxes:
    """The hits of one picture as `Boxes`: cut to `size_wh` px, those outside it dropped, overlapping ones too."""
    limit = np.array([*size_wh, *size_wh], np.float32)
    inside = np.clip(np.asarray(boxes_xyxy, np.float32), 0, limit)
    # Thinner than a tenth of a pixel is a box beside the picture that rounding left a sliver of.
    real = np.all(inside[:, 2:] - inside[:, :2] > 0.1, axis=1)
    inside, scores = inside[real], np.clip(np.asarray(scores, np.float32)[real], 0, 1)
    kept = suppress(inside, scores, nms_iou)
    return Boxes(np.ascontiguousarray(inside[kept]), scores[kept])
