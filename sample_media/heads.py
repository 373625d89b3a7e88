"""Heads that turn and nod: one public-domain portrait, recoloured, reshaped and wrapped round an upright ellipsoid.

All coordinates are px of the 512 x 512 portrait ("units" below); 632 of them are one metre.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
from skimage.data import astronaut

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]
Colour = tuple[float, float, float]

FACE_XYXY = (177.0, 66.0, 269.0, 182.0)
"""The true face: from the brow line's hair to the chin, from ear to ear."""
AXIS_X = 225.0
"""Where the axis of turning lies."""
CROP = (120, 0, 340, 220)
"""The part of the portrait that a head is cut from: left, top, right, bottom."""

OUTLINE = [
    *[(232, 15), (250, 19), (266, 24), (282, 35), (291, 48), (297, 62), (300, 85), (297, 104), (290, 117), (280, 126)],
    *[(278, 132), (270, 137), (266, 139), (263, 149), (257, 160), (252, 170), (251, 188), (228, 191), (205, 188)],
    *[(188, 184), (187, 172), (186, 160), (183, 146), (181, 132), (176, 130), (172, 124), (171, 119), (165, 116)],
    *[(158, 106), (155, 95), (154, 72), (159, 59), (170, 49), (181, 41), (193, 32), (206, 25), (219, 19)],
]
SHORT = [
    *[(232, 21), (250, 24), (264, 31), (273, 43), (278, 56), (280, 74), (279, 92), (277, 104), (278, 116), (279, 126)],
    *OUTLINE[10:27],
    *[(172, 119), (172, 106), (173, 94), (171, 76), (172, 62), (178, 49), (187, 38), (198, 29), (208, 24), (219, 22)],
]
SKIN = [
    *[(187, 76), (196, 79), (208, 80), (225, 81), (241, 83), (255, 87), (264, 92), (267, 104), (269, 118), (271, 126)],
    *[(281, 127), (278, 136), (268, 140), (263, 152), (257, 164), (253, 172), (253, 195), (186, 195), (185, 160)],
    *[(180, 132), (168, 126), (168, 118), (178, 119), (180, 108), (182, 95), (184, 84)],
]


@dataclass(frozen=True)
class Look:
    """How one person differs from the portrait.

    Attributes
    ----------
    mirrored: left and right exchanged.
    short: hair cut close at the sides.
    scarf: colour (RGB 0 to 1) of a headscarf in place of hair, or None.
    hair: (lightness, red-green, yellow-blue): a factor and two offsets in CIE Lab.
    skin: the same for the skin.
    stretch: width and height factors of the whole head.
    jaw: extra width at the jaw, as a share.
    glasses: with a dark frame.
    beard: strength, 0 to 1.
    """

    mirrored: bool = False
    short: bool = False
    scarf: Colour | None = None
    hair: Colour = (1.0, 0.0, 0.0)
    skin: Colour = (0.96, 1.0, 2.0)
    stretch: tuple[float, float] = (1.0, 1.0)
    jaw: float = 0.0
    glasses: bool = False
    beard: float = 0.0


def soft_polygon(points: list[tuple[int, int]], blur: float) -> F32:
    """float32 (220, 220), 0 to 1: a polygon in portrait units on the head's crop, its edge softened by `blur` px."""
    x1, y1, x2, y2 = CROP
    big = np.zeros(((y2 - y1) * 4, (x2 - x1) * 4), np.uint8)
    cv2.fillPoly(big, [((np.array(points, np.float64) - (x1, y1)) * 4).astype(np.int32)], 255)
    small = cv2.resize(big, (x2 - x1, y2 - y1), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return np.asarray(cv2.GaussianBlur(small, (0, 0), blur), np.float32)


@lru_cache
def _portrait() -> F32:
    x1, y1, x2, y2 = CROP
    return np.asarray(astronaut()[y1:y2, x1:x2], np.float32) / 255


@lru_cache
def _cutout(short: bool) -> F32:
    """The head's soft mask: GrabCut between a sure inside and a sure outside taken from the outline by hand."""
    hand = soft_polygon(SHORT if short else OUTLINE, 0.6)
    if short:
        return hand
    marks = np.full(hand.shape, cv2.GC_PR_FGD, np.uint8)
    marks[cv2.erode(hand, np.ones((9, 9))) > 0.9] = cv2.GC_FGD
    marks[hand < 0.5] = cv2.GC_PR_BGD
    marks[cv2.dilate(hand, np.ones((7, 7))) < 0.1] = cv2.GC_BGD
    marks[128:] = np.where(hand[128:] > 0.5, cv2.GC_FGD, cv2.GC_BGD)
    cv2.setRNGSeed(0)
    inner, outer = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut((_portrait() * 255).astype(np.uint8), marks, None, outer, inner, 5, cv2.GC_INIT_WITH_MASK)
    cut = ((marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD)).astype(np.uint8)
    cut = cv2.morphologyEx(cut, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return np.asarray(cv2.GaussianBlur(cut.astype(np.float32), (0, 0), 0.9), np.float32)


def _shift_lab(rgb: F32, change: Colour, mask: F32) -> F32:
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
    light, red, yellow = change
    lab = lab * np.array((light, 1, 1), np.float32) + np.array((0, red, yellow), np.float32)
    new = np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1)
    return np.asarray(rgb + (new - rgb) * mask[..., None], np.float32)


def _hair_behind(rgb: F32) -> F32:
    """The back of a head: the streaks of the crown, stood upright and laid side by side."""
    crown = rgb[24:58, 80:150]
    strip = np.rot90(crown)
    sheet = np.concatenate([strip, strip[:, ::-1], strip, strip[:, ::-1]], axis=1)
    sheet = cv2.resize(sheet, (220, 150), interpolation=cv2.INTER_CUBIC)
    down = np.linspace(1.0, 0.62, 150, dtype=np.float32)[:, None, None]
    back = np.full((220, 220, 3), sheet[-1].mean(0) * 0.62, np.float32)
    back[:150] = np.clip(sheet * down, 0, 1)
    return back


def _glasses(rgb: F32) -> F32:
    lens = np.zeros(rgb.shape[:2], np.float32)
    frame = np.zeros((880, 880), np.uint8)
    for cx, cy in ((203, 101), (248, 103)):
        at = ((cx - CROP[0]) * 4, (cy - CROP[1]) * 4)
        cv2.ellipse(frame, at, (72, 52), 2, 0, 360, 255, 7, cv2.LINE_AA)
        cv2.ellipse(lens, (at[0] // 4, at[1] // 4), (17, 12), 2, 0, 360, 1.0, -1, cv2.LINE_AA)
    for a, b in (((220, 99), (231, 100)), ((185, 99), (178, 96)), ((266, 101), (273, 100))):
        ends = [((x - CROP[0]) * 4, (y - CROP[1]) * 4) for x, y in (a, b)]
        cv2.line(frame, ends[0], ends[1], 255, 7, cv2.LINE_AA)
    edge = cv2.resize(frame, (220, 220), interpolation=cv2.INTER_AREA).astype(np.float32)[..., None] / 255
    glass = lens[..., None] * 0.07
    rgb = rgb * (1 - glass) + np.array((0.85, 0.92, 1.0), np.float32) * glass
    return np.asarray(rgb * (1 - edge) + np.array((0.08, 0.07, 0.08), np.float32) * edge, np.float32)


def _beard(rgb: F32, hair: F32, strength: float) -> F32:
    jaw = [(182, 124), (192, 138), (203, 138), (224, 134), (246, 139), (256, 137), (267, 126), (264, 150)]
    jaw += [(255, 166), (245, 178), (225, 184), (204, 179), (190, 167), (184, 150)]
    mask = soft_polygon(jaw, 3.0) * (
        1 - soft_polygon([(200, 140), (246, 140), (240, 154), (224, 157), (208, 154)], 1.5)
    )
    grain = np.random.default_rng(5).normal(0, 0.10, mask.shape).astype(np.float32)
    dark = hair * (0.75 + cv2.GaussianBlur(grain, (0, 0), 0.8)[..., None] * 3)
    mask = mask[..., None] * strength
    return np.asarray(rgb * (1 - mask) + np.clip(dark, 0, 1) * mask, np.float32)


class Head:
    """One person's head, ready to be turned.

    `front` and `back` are float32 (220, 220, 3) RGB, `alpha` float32 (220, 220); all on the crop.
    """

    def __init__(self, look: Look) -> None:
        self.look = look
        rgb = _portrait()
        skin = soft_polygon(SKIN, 1.6)
        alpha = _cutout(look.short)
        hair = np.clip(1 - skin, 0, 1)
        back = _hair_behind(rgb)
        if look.scarf is not None:
            rgb, back, alpha = self._wrap(rgb, back, alpha, hair, look.scarf)
        else:
            rgb = _shift_lab(rgb, look.hair, hair)
            back = _shift_lab(back, look.hair, np.ones_like(hair))
        rgb = _shift_lab(rgb, look.skin, skin)
        if look.beard:
            rgb = _beard(rgb, np.median(back[20:100].reshape(-1, 3), 0).astype(np.float32), look.beard)
        if look.glasses:
            rgb = _glasses(rgb)
        self.skin_rgb = np.median(rgb[120:135, 70:90].reshape(-1, 3), 0).astype(np.float32)
        self.hair_rgb = np.median(rgb[58:104, 40:54].reshape(-1, 3), 0) * np.array((1.08, 0.94, 0.80), np.float32)
        if look.scarf is None:  # a nape below the hair
            back[146:] = self.skin_rgb * 0.8
            back[138:] = cv2.GaussianBlur(back, (0, 0), 3.0)[138:]
        self._solid = alpha > 0.5
        self._low = low = np.clip((186 - np.arange(len(alpha), dtype=np.float32)) / 14, 0, 1)[:, None]
        self.front, self.back, self.alpha = rgb, back, alpha * low  # the neck passes softly into the drawn one

    @staticmethod
    def _wrap(rgb: F32, back: F32, alpha: F32, hair: F32, colour: Colour) -> tuple[F32, F32, F32]:
        cloth = np.array(colour, np.float32)
        light = cv2.GaussianBlur(rgb.mean(2), (0, 0), 5.0)
        folds = 0.72 + 0.55 * (light - light.min()) / (np.ptp(light) + 1e-6)
        chin = [(150, 60), (158, 110), (168, 150), (178, 192), (262, 192), (278, 150), (292, 110), (296, 62)]
        oval = [(225, 70), (252, 78), (266, 100), (266, 130), (258, 158), (243, 177), (225, 182), (205, 177)]
        oval += [(191, 160), (183, 130), (183, 100), (196, 78)]
        cover = np.maximum(hair, 1 - soft_polygon(oval, 1.2))
        outside = np.maximum(alpha, soft_polygon(chin, 1.2))
        rgb = rgb * (1 - cover[..., None]) + np.clip(cloth * folds[..., None], 0, 1) * cover[..., None]
        grey = cv2.GaussianBlur(back.mean(2), (0, 0), 4.0)
        return (
            np.asarray(rgb, np.float32),
            np.asarray(np.clip(cloth * (0.6 + grey)[..., None], 0, 1), np.float32),
            np.asarray(outside, np.float32),
        )

    def turned(self, yaw: float, pitch: float) -> F32:
        """float32 (220, 220, 4) RGBA 0 to 1 with the head turned `yaw` to the picture's right and lowered `pitch`.

        Angles in radians; any yaw, |pitch| below about 0.3. Of another silhouette only nose and chin are drawn.
        """
        if self.look.mirrored:
            return np.ascontiguousarray(self._turned(-yaw, pitch)[:, ::-1])
        return self._turned(yaw, pitch)

    def _turned(self, yaw: float, pitch: float) -> F32:
        h, w = self.alpha.shape
        yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
        left, right = self._edges(yaw)
        middle, half = (left + right) / 2, np.maximum((right - left) / 2, 1.0)
        u = (xx - middle[:, None]) / half[:, None]
        inside = np.clip((1.02 - np.abs(u)) * half[:, None], 0, 1)
        lon = np.arcsin(np.clip(u, -0.999, 0.999)) - np.float32(yaw)
        lon = (lon + np.pi) % (2 * np.pi) - np.pi
        rest_left, rest_right = self._edges(0.0)
        rest_mid, rest_half = (rest_left + rest_right) / 2, np.maximum((rest_right - rest_left) / 2, 1.0)
        src_y = np.clip(yy - _nod(yy, pitch), 0, h - 1).astype(np.float32)
        row = src_y.astype(int)
        near = np.clip(lon, -np.pi / 2, np.pi / 2)
        src_x = (rest_mid[row] + rest_half[row] * np.sin(near) * 0.985).astype(np.float32)
        if abs(yaw) < 0.02:
            src_x = xx
        front = cv2.remap(self.front, src_x, src_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        away = np.where(np.cos(lon) < 0, np.pi - lon, lon)
        back_x = (110 + 72 * np.sin(away)).astype(np.float32)
        back = cv2.remap(self.back, back_x, src_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        t = np.clip((np.abs(lon) - 1.30) / 0.35, 0, 1)[..., None]
        rgb = front * (1 - t) + back * t
        rounding = 1 - 0.22 * np.clip(np.abs(u) - 0.55, 0, 1)[..., None] * min(abs(yaw), 1.0)
        still = max(0.0, 1 - abs(yaw) / 0.25)
        alpha = self.alpha * still + inside * (1 - still) * (rest_half[:, None] > 1.5) * self._low
        return np.asarray(np.dstack([np.clip(rgb * rounding, 0, 1), cv2.GaussianBlur(alpha, (0, 0), 0.6)]), np.float32)

    def _edges(self, yaw: float) -> tuple[F32, F32]:
        """float32 (220,) each: left and right edge of the head per row, chin and nose pushed to where it looks."""
        solid = self._solid
        some = solid.any(1)
        left = np.where(some, solid.argmax(1), 110).astype(np.float32)
        right = np.where(some, solid.shape[1] - 1 - solid[:, ::-1].argmax(1), 110).astype(np.float32)
        y = np.arange(len(left), dtype=np.float32)
        side = float(np.sin(yaw))
        chin = 20 * np.exp(-(((y - 160) / 26) ** 2)) * side
        hair = -9 * np.exp(-(((y - 80) / 40) ** 2)) * side
        nose = 6 * np.exp(-(((y - 124) / 7) ** 2)) * max(0.0, abs(side) - 0.5) * 2 * np.sign(side)
        shift = (chin + hair) * some
        facing_right = nose > 0
        return (left + shift + np.where(facing_right, 0, nose)).astype(np.float32), (
            right + shift + np.where(facing_right, nose, 0)
        ).astype(np.float32)

    def face_points(self, yaw: float, pitch: float) -> tuple[F32, float]:
        """Where the rim of the face ends up: float32 (k, 2) px of the crop, and the share of its area still seen."""
        if self.look.mirrored:
            points, seen = self._face_points(-yaw, pitch)
            return np.stack([self.alpha.shape[1] - points[:, 0], points[:, 1]], 1), seen
        return self._face_points(yaw, pitch)

    def _face_points(self, yaw: float, pitch: float) -> tuple[F32, float]:
        x1, y1, x2, y2 = FACE_XYXY
        angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
        ring = np.concatenate([np.stack([np.cos(angle), np.sin(angle)], 1) * r for r in (1.0, 0.75, 0.5, 0.25)])
        x = (x1 + x2) / 2 - CROP[0] + ring[:, 0] * (x2 - x1) / 2
        y = (y1 + y2) / 2 - CROP[1] + ring[:, 1] * (y2 - y1) / 2
        left, right = self._edges(0.0)
        row = np.clip(y.astype(int), 0, len(left) - 1)
        lon = np.arcsin(np.clip((x - (left + right)[row] / 2) / ((right - left)[row] / 2), -1, 1)) + yaw
        keep = np.abs(lon) < 1.45
        y = y + _nod(y, pitch)
        left, right = self._edges(yaw)
        row = np.clip(y.astype(int), 0, len(left) - 1)
        x = (left + right)[row] / 2 + (right - left)[row] / 2 * np.sin(lon)
        if not keep.any():
            return np.zeros((0, 2), np.float32), 0.0
        seen = float(np.ptp(x[keep]) * np.ptp(y[keep]) / ((x2 - x1) * (y2 - y1)))
        return np.stack([x[keep], y[keep]], 1).astype(np.float32), seen


def _nod(y: F32 | npt.NDArray[np.float64], pitch: float) -> npt.NDArray[np.float64]:
    """How far a lowered head moves what lies at row `y`: most in the middle of the face, not at crown and neck."""
    return np.asarray(70.0 * np.sin(pitch) * np.exp(-(((np.asarray(y, np.float64) - 112) / 48) ** 2)))
