"""The class put together, picture by picture, with what can be seen of every face."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from . import furniture, room
from .bodies import LEFT, MIDDLE, TOP, body
from .cast import CAST, DESKS, EMPTY_CHAIR, Person, Pose
from .heads import CROP, FACE_XYXY, Head

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]

FPS = 25
FRAMES = 250
UNITS_PER_M = 632.0
NECK_Y = 184.0
MIN_TURNED = 0.45
"""A face turned so far that less of its width is seen has no true box: there is hair to see."""
MIN_UNCOVERED = 0.5
"""A face behind someone else, of which less is seen, has none either."""


@dataclass
class _Face:
    box: Box
    seen: F32
    inside: F32


class Scene:
    """The whole class. `picture(i)` draws any picture without the ones before it."""

    def __init__(self) -> None:
        self.size_wh = room.SIZE_WH
        self._room = room.empty_room()
        self._doorway = room.doorway()
        self._heads = [Head(p.look) for p in CAST]
        self._desks = [(z - 0.45, _trim(furniture.desk(x, z, seed=k))) for k, (x, z) in enumerate(DESKS)]
        self._desks.append((EMPTY_CHAIR[1], _trim(furniture.chair(*EMPTY_CHAIR))))
        w, h = self.size_wh
        x, y = np.linspace(-1, 1, w, dtype=np.float32), np.linspace(-1, 1, h, dtype=np.float32)[:, None]
        self._light = ((1.03 - 0.06 * x) * (1 - 0.07 * (x * x + y * y) / 2))[..., None]

    @lru_cache(maxsize=32)  # noqa: B019 - one scene lives as long as the program
    def _body(self, who: int, standing: bool, away: float) -> F32:
        if 0 < away < 1:
            front, back = self._body(who, standing, 0.0), self._body(who, standing, 1.0)
            return np.asarray(front + (back - front) * np.float32(away), np.float32)
        person = CAST[who]
        head = self._heads[who]
        clothes = replace(person.clothes, skin=tuple(head.skin_rgb.tolist()), hair=tuple(head.hair_rgb.tolist()))
        return body(clothes, standing, person.seed, away == 1.0)

    def picture(self, index: int) -> tuple[U8, list[Box | None]]:
        """uint8 (720, 1280, 3) RGB, and the true box of everybody's face (in the order of `CAST`), None if unseen."""
        t = index / FPS
        canvas = self._room.copy()
        faces: dict[int, _Face] = {}
        poses = {k: pose for k, p in enumerate(CAST) if (pose := p.pose(t)) is not None}
        layers: list[tuple[float, int | None, int]] = [(z, None, k) for k, (z, _) in enumerate(self._desks)]
        layers += [(pose.z, who, 0) for who, pose in poses.items()]
        for _, who, k in sorted(layers, key=lambda item: -item[0]):
            if who is None:
                (x, y), rgba = self._desks[k][1]
                _over(canvas, rgba[..., :3], rgba[..., 3], x, y, faces)
            else:
                self._draw(canvas, who, poses[who], faces)
        boxes: list[Box | None] = [None] * len(CAST)
        for who, face in faces.items():
            if float((face.seen * face.inside).sum()) >= MIN_UNCOVERED * float(face.inside.sum()):
                boxes[who] = face.box
        return self._camera(canvas, index), boxes

    def _draw(self, canvas: F32, who: int, pose: Pose, faces: dict[int, _Face]) -> None:
        person = CAST[who]
        scale = room.FOCAL_PX / pose.z / UNITS_PER_M * person.size
        x, y = room.project(pose.x, pose.y, pose.z)
        clip = self._doorway if pose.z > room.BACK_M else None
        torso = self._body(who, pose.standing, pose.away)
        middle_y = (FACE_XYXY[1] + FACE_XYXY[3]) / 2
        place = np.array(
            [
                [scale * pose.narrow, 0, x - scale * pose.narrow * (MIDDLE - LEFT)],
                [0, scale, y + scale * (TOP - middle_y)],
            ],
            np.float32,
        )
        _paint(canvas, torso, place, scale, clip, faces, shadow=0.2)
        head = self._heads[who]
        place = _head_place(person, pose, scale, x, y)
        _paint(canvas, head.turned(pose.yaw, pose.pitch), place, scale, clip, faces, shadow=0.12)
        face = _face(head, pose, place, self.size_wh, clip)
        if face is not None:
            faces[who] = face

    def _camera(self, canvas: F32, index: int) -> U8:
        """What a small camera makes of it: uneven light, a soft lens and noise that differs from picture to picture."""
        rng = np.random.default_rng((77, index))
        seen = cv2.GaussianBlur(canvas * self._light, (0, 0), 0.55)
        grain = rng.standard_normal((*seen.shape[:2], 3), dtype=np.float32)
        luma = cv2.GaussianBlur(grain[..., 0], (0, 0), 0.6) * 1.9
        colour = cv2.GaussianBlur(grain, (0, 0), 1.6) * 2.6
        strength = (0.8 + 0.7 * np.sqrt(np.clip(1 - seen.mean(2), 0, 1)))[..., None]
        return np.asarray(np.clip(seen * 255 + (luma[..., None] + colour) * strength + 0.5, 0, 255), np.uint8)


def _head_place(person: Person, pose: Pose, scale: float, x: float, y: float) -> F32:
    """float32 (2, 3): from px of the head's crop to px of the picture, the head held by its neck."""
    wide, high = person.look.stretch
    middle_y = (FACE_XYXY[1] + FACE_XYXY[3]) / 2
    neck = np.array([(AXIS_MIRRORED if person.look.mirrored else AXIS) - CROP[0], NECK_Y - CROP[1]])
    c, s = np.cos(pose.roll), np.sin(pose.roll)
    linear = scale * np.array([[c, -s], [s, c]]) @ np.diag([wide, high])
    target = np.array([x - 2 * scale, y + scale * (NECK_Y - middle_y)])
    return np.asarray(np.column_stack([linear, target - linear @ neck]), np.float32)


AXIS = 219.5
AXIS_MIRRORED = 2 * 230 - AXIS


def _face(head: Head, pose: Pose, place: F32, size_wh: tuple[int, int], clip: F32 | None) -> _Face | None:
    points, share = head.face_points(pose.yaw, pose.pitch)
    if share < MIN_TURNED:
        return None
    at = points @ place[:, :2].T + place[:, 2]
    (x1, y1), (x2, y2) = at.min(0), at.max(0)
    w, h = size_wh
    cut = max(x1, 0.0), max(y1, 0.0), min(x2, float(w)), min(y2, float(h))
    if (
        (cut[2] - cut[0]) * (cut[3] - cut[1]) < MIN_UNCOVERED * (x2 - x1) * (y2 - y1)
        or cut[2] <= cut[0]
        or cut[3] <= cut[1]
    ):
        return None
    inside = np.zeros((h, w), np.float32)
    cv2.fillPoly(inside, [cv2.convexHull(at.astype(np.float32)).astype(np.int32)], 1.0)
    seen = np.ones((h, w), np.float32) if clip is None else clip.copy()
    return _Face(tuple(round(float(v), 1) for v in cut), seen, inside)  # type: ignore[arg-type]


def _trim(rgba: F32) -> tuple[tuple[int, int], F32]:
    x, y, w, h = cv2.boundingRect((rgba[..., 3] > 0).astype(np.uint8))
    part = rgba[y : y + h, x : x + w].copy()
    part[..., :3] /= np.maximum(part[..., 3:], 1e-3)  # the colours were averaged with the black outside
    return (x, y), part


def _paint(
    canvas: F32, rgba: F32, place: F32, scale: float, clip: F32 | None, faces: dict[int, _Face], shadow: float
) -> None:
    """Scale `rgba` (straight alpha) by `place` onto `canvas`; brought down by area first, so that nothing flickers."""
    k = min(1.0, scale * 1.02)
    small = cv2.resize(
        np.dstack([rgba[..., :3] * rgba[..., 3:], rgba[..., 3]]), None, fx=k, fy=k, interpolation=cv2.INTER_AREA
    )
    ratio = np.array([rgba.shape[1] / small.shape[1], rgba.shape[0] / small.shape[0]], np.float32)
    corners = (
        np.array([[0, 0], [rgba.shape[1], 0], [0, rgba.shape[0]], rgba.shape[1::-1]], np.float32) @ place[:, :2].T
        + place[:, 2]
    )
    h, w = canvas.shape[:2]
    pad = int(24 * scale) + 4
    x1, y1 = (max(int(v) - pad, 0) for v in corners.min(0))
    x2, y2 = (min(int(v) + pad, limit) for v, limit in zip(corners.max(0), (w, h), strict=True))
    if x1 >= x2 or y1 >= y2:
        return
    linear = place[:, :2] * ratio
    offset = place[:, 2] - (x1, y1) + linear @ (0.5, 0.5) - 0.5 * place[:, :2].sum(1)
    drawn = cv2.warpAffine(
        small, np.column_stack([linear, offset]).astype(np.float32), (x2 - x1, y2 - y1), flags=cv2.INTER_LINEAR
    )
    if clip is not None:
        drawn *= clip[y1:y2, x1:x2, None]
    alpha = np.clip(drawn[..., 3], 0, 1)
    move = np.array([[1, 0, 14 * scale], [0, 1, 8 * scale]], np.float32)
    cast = cv2.GaussianBlur(cv2.warpAffine(alpha, move, alpha.shape[::-1]), (0, 0), max(10 * scale, 0.8))
    canvas[y1:y2, x1:x2] *= (1 - shadow * cast * (1 - alpha))[..., None]
    _over(canvas, drawn[..., :3] / np.maximum(alpha, 1e-3)[..., None], alpha, x1, y1, faces)


def _over(canvas: F32, rgb: F32, alpha: F32, x: int, y: int, faces: dict[int, _Face]) -> None:
    """Lay a picture over the canvas at (x, y), and over every face already there."""
    h, w = alpha.shape
    a = alpha[..., None]
    canvas[y : y + h, x : x + w] = canvas[y : y + h, x : x + w] * (1 - a) + rgb * a
    for face in faces.values():
        face.seen[y : y + h, x : x + w] *= 1 - alpha
