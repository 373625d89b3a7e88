"""What every face detector offers, and which one is used."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from avg_video.detect import weights
from avg_video.detect.boxes import Boxes
from avg_video.errors import ModelError
from avg_video.language import tr

__all__ = ["DETECTORS", "Detector", "detector_name", "load_detector"]

DETECTORS = ("centerface", "yunet", "blazeface")
"""The names that `load_detector` knows, besides "auto"."""


class Detector(Protocol):
    """Finds faces in one picture; says where, never whose. May be called from several threads at once.

    Attributes
    ----------
    name: its entry in the manifest.
    weak: score from which hits are reported unless asked otherwise.
    strong: score from which one hit is enough to believe.
    """

    @property
    def name(self) -> str: ...
    @property
    def weak(self) -> float: ...
    @property
    def strong(self) -> float: ...

    def __call__(self, bgr: npt.NDArray[np.uint8], min_score: float | None = None) -> Boxes:
        """Faces in an upright picture of any size, looked at as it is, never scaled.

        Parameters
        ----------
        bgr: uint8 (h, w, 3).
        min_score: least score of a hit (default: `weak`). Higher leaks faces, lower covers more than faces.

        Returns boxes in px of `bgr`, inside it, overlapping hits already reduced to the best one.
        Raises `ValueError` for another shape or type.
        """
        ...


def detector_name(name: str) -> str:
    """Which detector that name means here: for "auto" YuNet where its weights are installed, else CenterFace."""
    if name != "auto":
        return name
    return "centerface" if weights.find("yunet") is None else "yunet"


def load_detector(name: str = "auto", *, threads: int = 2) -> Detector:
    """The detector of that name, ready to run; "auto" takes YuNet where its weights are installed, else CenterFace.

    `threads` is how many it may use, 0 for as many as the computer has (BlazeFace keeps to one of its own).
    Raises `ModelError` when there is none of that name, or its weights or packages are missing or not the right ones;
    damaged weights of YuNet are an error for "auto" too, so that no run uses another detector than the user believes.
    """
    name = detector_name(name)
    # Imported when chosen: each needs packages the others do not.
    if name == "centerface":
        from avg_video.detect.centerface import CenterFace

        return CenterFace(threads=threads)
    if name == "yunet":
        from avg_video.detect.yunet import YuNet

        return YuNet(threads=threads)
    if name == "blazeface":
        from avg_video.detect.blazeface import BlazeFace

        return BlazeFace()
    raise ModelError(
        tr("no detector is called {name}", name=name),
        remedy=tr("choose one of auto, {names}", names=", ".join(DETECTORS)),
    )
