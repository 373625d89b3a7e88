"""Wide soft blurs at a fraction of their price, and seeded soft noise."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]


def soften(image: F32, sigma: float) -> F32:
    """`image` blurred by a Gaussian of `sigma` px; a wide one is done on a smaller picture, where nobody sees it."""
    k = max(1, int(sigma // 4))
    if k == 1:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.float32)
    h, w = image.shape[:2]
    small = cv2.resize(image, (-(-w // k), -(-h // k)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / k)
    large = cv2.resize(small, (w, h), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.GaussianBlur(large, (0, 0), 0.6 * k), np.float32)  # no trace of the small grid


def soft_noise(rng: np.random.Generator, size_wh: tuple[int, int], across: float, along: float) -> F32:
    """float32 (h, w): noise of deviation 1, soft by `across` px in x and `along` px in y."""
    kx, ky = max(1, int(across // 3)), max(1, int(along // 3))
    size = -(-size_wh[0] // kx), -(-size_wh[1] // ky)
    grain = rng.standard_normal(size[::-1], dtype=np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), sigmaX=across / kx, sigmaY=along / ky)
    wide = cv2.resize(grain, size_wh, interpolation=cv2.INTER_CUBIC)
    wide = cv2.GaussianBlur(wide, (0, 0), sigmaX=0.6 * kx, sigmaY=0.6 * ky)
    return np.asarray(wide / (wide.std() + 1e-6), np.float32)
