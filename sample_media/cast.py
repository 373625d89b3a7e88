"""Who is in the class, how they look, and how each of them moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .bodies import Clothes
from .heads import Look

SEATED_M, STANDING_M = 1.15, 1.60
TURNS_AWAY_S = (5.4, 8.6)
WALKS_S = (0.6, 5.0)
ENTERS_S = 4.6


@dataclass(frozen=True)
class Pose:
    """Where the middle of a face is (metres, see room.py), how the head is held (radians), how far the body turned.

    `away` is 0 facing the camera and 1 with the back to it; `narrow` is the width factor of a body half turned.
    """

    x: float
    y: float
    z: float
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    standing: bool = False
    away: float = 0.0
    narrow: float = 1.0


@dataclass(frozen=True)
class Person:
    """One person of the class.

    Attributes
    ----------
    name: a part played, never a name of a person.
    pose: second -> `Pose`, or None while out of sight.
    size: factor on the whole body.
    """

    name: str
    look: Look
    clothes: Clothes
    pose: Callable[[float], Pose | None] = field(repr=False)
    size: float = 1.0
    seed: int = 0


def ease(t: float, start: float, end: float) -> float:
    """0 before `start`, 1 after `end`, smooth in between."""
    k = float(np.clip((t - start) / (end - start), 0, 1))
    return k * k * (3 - 2 * k)


def _idle(t: float, seed: int) -> tuple[float, float, float, float, float]:
    """Small movements of somebody who sits and listens: x, y (m), yaw, pitch, roll (rad)."""
    rng = np.random.default_rng(100 + seed)
    rate, phase = rng.uniform(0.10, 0.32, (5, 2)), rng.uniform(0, 2 * np.pi, (5, 2))
    wave = (np.sin(2 * np.pi * rate * t + phase) * (1.0, 0.5)).sum(1)
    nod_at = rng.uniform(0.5, 9.0)
    nod = 0.14 * float(np.exp(-(((t - nod_at) / 0.35) ** 2)) + 0.7 * np.exp(-(((t - nod_at - 0.8) / 0.3) ** 2)))
    scale = (0.014, 0.004, 0.17, 0.045, 0.035)
    x, y, yaw, pitch, roll = (float(w * s) for w, s in zip(wave, scale, strict=True))
    return x, y - 0.06 * nod, yaw, pitch + nod, roll


def seated(x: float, z: float, seed: int, height: float = SEATED_M, yaw: float = 0.0) -> Callable[[float], Pose]:
    """Somebody who stays at a desk, looking to the side by `yaw` at rest."""

    def pose(t: float) -> Pose:
        dx, dy, dyaw, pitch, roll = _idle(t, seed)
        return Pose(x + dx, height + dy, z, yaw + dyaw, pitch, roll)

    return pose


def turns_away(x: float, z: float, seed: int) -> Callable[[float], Pose]:
    """Somebody who turns to a neighbour behind for about two seconds, and back."""
    still = seated(x, z, seed)

    def pose(t: float) -> Pose:
        p = still(t)
        start, end = TURNS_AWAY_S
        away = ease(t, start, start + 0.6) - ease(t, end - 0.6, end)
        yaw = p.yaw * (1 - away) + 2.75 * away
        body = ease(away, 0.25, 0.75)
        return Pose(
            p.x + 0.03 * away, p.y, p.z, yaw, p.pitch * (1 - away), p.roll, False, body, 1 - 0.25 * np.sin(np.pi * away)
        )

    return pose


def walks(t: float) -> Pose | None:
    """The teacher, who crosses the room between the front desks and the rest."""
    start, end = WALKS_S
    if not start <= t <= end:
        return None
    x = 1.95 - 3.9 * (t - start) / (end - start)
    step = 2 * np.pi * 1.75 * (t - start)
    look = -0.55 + 0.45 * float(np.sin(1.5 * (t - start) + 0.4))
    return Pose(
        x, STANDING_M + 0.014 * float(np.cos(step)), 1.95, look, 0.04, 0.02 * float(np.sin(step / 2)), True, 0.0, 0.82
    )


def enters_late(t: float) -> Pose | None:
    """Somebody who comes in by the door, walks to an empty place and sits down."""
    if t < ENTERS_S:
        return None
    way = np.array([(3.3, 7.5), (2.55, 7.3), (2.45, 6.6), (2.4, 4.6), (1.75, 4.2)])
    legs = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(way, axis=0).T))])
    done = float(legs[-1]) * min(1.0, (t - ENTERS_S) / 3.3)
    x, z = (float(np.interp(done, legs, way[:, k])) for k in (0, 1))
    sits = ease(t, ENTERS_S + 3.2, ENTERS_S + 4.0)
    dx, dy, yaw, pitch, roll = _idle(t, 31)
    moving = 1 - ease(t, ENTERS_S + 2.9, ENTERS_S + 3.3)
    bob = 0.014 * float(np.cos(2 * np.pi * 1.8 * t)) * moving
    y = 1.52 + (SEATED_M - 1.52) * sits + bob + dy * sits
    return Pose(x + dx * sits, y, z, yaw - 0.25 * moving, pitch, roll, sits < 0.5, 0.0, 0.9 + 0.1 * sits)


FAIR, TANNED, BROWN, DARK = (0.96, 1.0, 2.0), (0.88, 2.0, 5.0), (0.76, 4.0, 7.0), (0.62, 5.0, 8.0)
BLOND, BROWN_HAIR, BLACK_HAIR, RED_HAIR = (1.10, 1.0, 14.0), (0.62, 2.0, 0.0), (0.30, 0.0, -8.0), (0.72, 12.0, 10.0)

CAST: tuple[Person, ...] = (
    Person(
        "back-left",
        Look(short=True, hair=BROWN_HAIR),
        Clothes((0.22, 0.34, 0.52), kind="hood"),
        seated(-1.9, 5.6, 1, 1.14, 0.1),
        0.97,
        1,
    ),
    Person(
        "back-middle",
        Look(mirrored=True, hair=BLACK_HAIR, skin=BROWN, stretch=(0.96, 1.03)),
        Clothes((0.72, 0.66, 0.30), long_hair=True),
        seated(-0.5, 5.6, 2, 1.17),
        1.0,
        2,
    ),
    Person(
        "back-right",
        Look(short=True, mirrored=True, hair=BLOND, stretch=(1.05, 1.0)),
        Clothes((0.55, 0.15, 0.18), stripes=22),
        seated(1.2, 5.6, 3, 1.15, -0.1),
        1.0,
        3,
    ),
    Person(
        "third-left",
        Look(scarf=(0.34, 0.42, 0.58), skin=TANNED, mirrored=True),
        Clothes((0.27, 0.30, 0.36)),
        seated(-1.1, 4.2, 4, 1.13),
        0.96,
        4,
    ),
    Person(
        "third-middle",
        Look(hair=RED_HAIR, glasses=True, stretch=(0.95, 1.04)),
        Clothes((0.24, 0.45, 0.38), kind="shirt", long_hair=True),
        seated(0.55, 4.2, 5, 1.16, 0.08),
        0.98,
        5,
    ),
    Person(
        "late",
        Look(short=True, hair=BLACK_HAIR, skin=TANNED, mirrored=True, stretch=(0.97, 1.02)),
        Clothes((0.80, 0.80, 0.78), kind="hood"),
        enters_late,
        1.0,
        6,
    ),
    Person(
        "second-left",
        Look(short=True, hair=BLACK_HAIR, skin=DARK, stretch=(1.02, 1.0)),
        Clothes((0.82, 0.52, 0.20)),
        seated(-1.25, 3.0, 7, 1.15, 0.15),
        1.0,
        7,
    ),
    Person(
        "second-middle",
        Look(mirrored=True, hair=BLOND),
        Clothes((0.48, 0.52, 0.66), stripes=16, long_hair=True),
        seated(-0.2, 3.0, 8, 1.13),
        0.96,
        8,
    ),
    Person(
        "turns-away",
        Look(short=True, mirrored=True, hair=BROWN_HAIR, glasses=True, stretch=(1.04, 0.99)),
        Clothes((0.36, 0.22, 0.44)),
        turns_away(0.95, 3.0, 9),
        1.02,
        9,
    ),
    Person(
        "teacher",
        Look(mirrored=True, hair=(0.72, 1.0, 4.0), stretch=(0.97, 1.0)),
        Clothes((0.18, 0.24, 0.36), trousers=(0.13, 0.13, 0.15), kind="shirt"),
        walks,
        1.02,
        10,
    ),
    Person(
        "front-left",
        Look(short=True, hair=BLACK_HAIR, skin=BROWN, beard=0.62, stretch=(1.02, 1.02)),
        Clothes((0.30, 0.42, 0.34), kind="hood"),
        seated(-0.74, 1.52, 11, 1.15, 0.18),
        1.02,
        11,
    ),
    Person(
        "front-right",
        Look(hair=BROWN_HAIR, stretch=(0.97, 1.02)),
        Clothes((0.66, 0.26, 0.30), long_hair=True),
        seated(0.82, 1.55, 12, 1.12, -0.2),
        0.98,
        12,
    ),
)
"""Everybody, by part. Their place in this tuple is their number in `klas.json`, from 0."""

DESKS: tuple[tuple[float, float], ...] = (
    *[(-1.9, 5.15), (-0.5, 5.15), (1.2, 5.15)],
    *[(-1.1, 3.8), (0.55, 3.8), (1.82, 3.8)],
    *[(-1.3, 2.6), (-0.15, 2.6), (1.0, 2.6)],
)
"""Middle and far edge of every desk, metres."""
EMPTY_CHAIR = (1.75, 4.3)
