"""Cutting into MP4 files: boxes added, changed or removed, with all sizes and offsets put right again."""

from __future__ import annotations

import struct
from collections.abc import Callable

Tree = list[tuple[bytes, "Tree | bytes"]]

_BRANCHES = (b"moov", b"trak", b"edts", b"mdia", b"minf", b"stbl")


def box(kind: bytes, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload) + 8) + kind + payload


def parse(data: bytes) -> Tree:
    tree: Tree = []
    while data:
        size, kind = struct.unpack(">I4s", data[:8])
        inner = data[8:size]
        tree.append((kind, parse(inner) if kind in _BRANCHES else inner))
        data = data[size:]
    return tree


def serialise(tree: Tree) -> bytes:
    return b"".join(box(kind, inner if isinstance(inner, bytes) else serialise(inner)) for kind, inner in tree)


def edit(data: bytes, change: Callable[[Tree], None]) -> bytes:
    """The file after `change` has worked on its tree; chunk offsets follow where the pictures went."""
    tree = parse(data)
    before = serialise(tree).index(b"mdat")
    change(tree)
    after = serialise(tree).index(b"mdat")
    _shift(tree, after - before)
    return serialise(tree)


def _shift(tree: Tree, by: int) -> None:
    for i, (kind, inner) in enumerate(tree):
        if kind == b"stco" and isinstance(inner, bytes):
            count = struct.unpack(">I", inner[4:8])[0]
            offsets = struct.unpack(f">{count}I", inner[8:])
            tree[i] = (kind, inner[:8] + struct.pack(f">{count}I", *(v + by for v in offsets)))
        elif not isinstance(inner, bytes):
            _shift(inner, by)


def branch(tree: Tree, *path: bytes) -> Tree:
    """The boxes inside a box."""
    for step in path:
        tree = next(inner for kind, inner in tree if kind == step and not isinstance(inner, bytes))
    return tree


def add(*path: bytes, new: bytes) -> Callable[[Tree], None]:
    """Append a box inside another."""
    return lambda tree: branch(tree, *path).append((new[4:8], new[8:]))


def patch(*path: bytes, at: int, new: bytes) -> Callable[[Tree], None]:
    """Overwrite bytes of a box's payload, or append to it where `at` is its length."""

    def change(tree: Tree) -> None:
        within = branch(tree, *path[:-1])
        for i, (kind, inner) in enumerate(within):
            if kind == path[-1] and isinstance(inner, bytes):
                place = len(inner) if at < 0 else at
                within[i] = (kind, inner[:place] + new + inner[place + len(new) :])
                return
        raise AssertionError(f"no {path[-1]!r}")

    return change


def drop(*path: bytes) -> Callable[[Tree], None]:
    """Remove a box."""

    def change(tree: Tree) -> None:
        within = branch(tree, *path[:-1])
        within[:] = [entry for entry in within if entry[0] != path[-1]]

    return change
