"""Who may use the processor's cores: every stage has a thread of its own, so OpenCV's calls keep to theirs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import cv2

__all__ = ["one_thread_per_stage"]

_LOCK = threading.Lock()
_inside = 0
_before = 0


@contextmanager
def one_thread_per_stage() -> Iterator[None]:
    """While inside, OpenCV's calls run in the thread that makes them, in the whole process; as before after the last.

    Its own threads wait by spinning for work that lasts fractions of a millisecond: following ten seconds of 1080p by
    itself took 1.8 s of processor time with them and 1.2 s without (measured), and the stages want the cores.
    """
    global _inside, _before
    with _LOCK:
        if _inside == 0:
            _before = cv2.getNumThreads()
            cv2.setNumThreads(1)
        _inside += 1
    try:
        yield
    finally:
        with _LOCK:
            _inside -= 1
            if _inside == 0:
                cv2.setNumThreads(_before)
