"""A growing run of boxes in consecutive pictures."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Path"]

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]


class Path:
    """Boxes of one person from picture `first` on, without holes; grows at both ends in amortised constant time."""

    def __init__(self, first: int) -> None:
        self.first = first
        self._boxes = np.empty((16, 4), np.float32)
        self._evidence = np.empty(16, np.uint8)
        self._n = 0

    def __len__(self) -> int:
        return self._n

    def extend(self, boxes: F32, evidence: U8) -> None:
        """Append boxes (k, 4) and their evidence (k,)."""
        need = self._n + len(boxes)
        if need > len(self._boxes):
            size = max(need, 2 * len(self._boxes))
            self._boxes = np.concatenate([self._boxes[: self._n], np.empty((size - self._n, 4), np.float32)])
            self._evidence = np.concatenate([self._evidence[: self._n], np.empty(size - self._n, np.uint8)])
        self._boxes[self._n : need], self._evidence[self._n : need] = boxes, evidence
        self._n = need

    def extend_back(self, boxes: F32, evidence: U8) -> None:
        """Put boxes (k, 4), in order of display, before the first one; happens once in a life."""
        self._boxes = np.concatenate([boxes, self._boxes[: self._n]])
        self._evidence = np.concatenate([evidence, self._evidence[: self._n]])
        self._n += len(boxes)
        self.first -= len(boxes)

    def widen(self, first: int, boxes: F32) -> None:
        """Let the boxes from picture `first` on also hold boxes (k, 4)."""
        part = self._boxes[first - self.first : first - self.first + len(boxes)]
        np.minimum(part[:, :2], boxes[:, :2], out=part[:, :2])
        np.maximum(part[:, 2:], boxes[:, 2:], out=part[:, 2:])

    def box_at(self, index: int) -> F32:
        """float32 (4,) of that picture."""
        return np.array(self._boxes[index - self.first], np.float32)

    def columns(self) -> tuple[F32, U8]:
        """All boxes (n, 4) and evidence (n,), as copies."""
        return self._boxes[: self._n].copy(), self._evidence[: self._n].copy()
