"""CenterFace: precise, also when asked for weak hits, and good on faces from about 12 px; part of the package."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from avg_video.detect.boxes import Boxes
from avg_video.detect.network import MAX_LOG_SIZE, Network
from avg_video.detect.nms import settle

__all__ = ["CenterFace"]

STRIDE_PX = 4
"""Pixels of the picture per cell of the network's answer."""


class CenterFace:
    """Xu and others, "CenterFace: Joint Face Detection and Alignment Using Face as Point" (2020), arXiv 1911.03599.

    Every cell says how likely a face's middle lies in it, where in it, and the logarithm of the face's size.

    Parameters
    ----------
    threads: how many it may use, 0 for as many as the computer has.

    Raises `ModelError` when the weights are not there, not right, or can't be run.
    """

    def __init__(self, *, threads: int = 2) -> None:
        self._network = Network("centerface", threads=threads)
        entry = self._network.model
        self.name, self.weak, self.strong = entry.name, entry.weak, entry.strong

    def __call__(self, bgr: npt.NDArray[np.uint8], min_score: float | None = None) -> Boxes:
        """Faces in uint8 (h, w, 3), from `min_score` (default: `weak`); see `Detector`."""
        # Names as in the file: heat map, log of height and width, offset down and across within the cell.
        heat, log_hw, shift_yx = self._network(bgr, ["537", "538", "539"])
        rows, cols = np.nonzero(heat[0, 0] >= (self.weak if min_score is None else min_score))
        cells_yx = np.stack([rows, cols]) + shift_yx[0][:, rows, cols] + 0.5
        half_hw = np.exp(np.minimum(log_hw[0][:, rows, cols], MAX_LOG_SIZE)) / 2
        y1x1y2x2 = np.concatenate([cells_yx - half_hw, cells_yx + half_hw]) * STRIDE_PX
        boxes_xyxy = y1x1y2x2[[1, 0, 3, 2]].T.astype(np.float32)
        return settle(boxes_xyxy, heat[0, 0][rows, cols], bgr.shape[1::-1], self._network.model.nms_iou)
