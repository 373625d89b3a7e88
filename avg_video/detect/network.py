"""Runs a detector's ONNX graph on one picture with onnxruntime on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from avg_video.detect import weights
from avg_video.detect.manifest import model
from avg_video.errors import ModelError
from avg_video.language import tr

__all__ = ["Network", "check_picture"]

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]

MAX_LOG_SIZE = 12.0
"""Natural logarithm of the largest size, in cells, that a network's answer is believed to mean; keeps `exp` finite."""


class Network:
    """A checked graph, ready to run; safe to call from several threads.

    Parameters
    ----------
    name: its entry in the manifest.
    threads: how many it may use, 0 for as many as the computer has.

    Raises `ModelError` when the weights are missing, are other ones, or can't be run.
    """

    def __init__(self, name: str, *, threads: int) -> None:
        if threads < 0:
            raise ValueError(f"threads: expected 0 or more, got {threads}")
        self.model = model(name)
        ort.disable_telemetry_events()  # for callers who loaded onnxruntime before this package; see avg_video/__init__
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # A pattern is kept for every size of picture, and places come in all sizes: 85 MiB less, no slower (measured).
        options.enable_mem_pattern = False
        options.log_severity_level = 4  # silent: what goes wrong is raised
        # Waiting threads sleep instead of spinning: the cores are wanted by the decoder and the encoder.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        graph = weights.read(name)
        try:
            self._session: Any = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors share no other class
            raise ModelError(
                tr("onnxruntime {version} can't run {title}", version=ort.__version__, title=self.model.title),
                remedy=tr("install another onnxruntime"),
            ) from error
        self._input: str = self._session.get_inputs()[0].name

    def __call__(self, bgr: U8, outputs: list[str]) -> list[F32]:
        """The named outputs for one picture, at its own size.

        `bgr` is uint8 (h, w, 3) of any size from 1 x 1; it is padded with black at the right and the bottom, never
        scaled, so px of the outputs are px of the picture. Raises `ValueError` for another shape or type.
        """
        answers: list[F32] = self._session.run(outputs, {self._input: self._planes(bgr)})
        return answers

    def _planes(self, bgr: U8) -> F32:
        """float32 (1, 3, H, W), 0 to 255, padded, channels in the network's order."""
        check_picture(bgr)
        h, w = bgr.shape[:2]
        step = self.model.multiple_px
        planes = np.zeros((1, 3, -(-h // step) * step, -(-w // step) * step), np.float32)
        order = (2, 1, 0) if self.model.colours == "rgb" else (0, 1, 2)
        for plane, channel in zip(planes[0], order, strict=True):  # five times as fast as cv2.dnn.blobFromImage
            plane[:h, :w] = bgr[:, :, channel]
        return planes


def check_picture(bgr: U8) -> None:
    """Raises `ValueError` unless it is uint8 (h, w, 3) with at least one pixel."""
    if bgr.dtype != np.uint8 or bgr.ndim != 3 or bgr.shape[2] != 3 or 0 in bgr.shape:
        raise ValueError(f"bgr: expected uint8 (h, w, 3), got {bgr.dtype} {bgr.shape}")
