"""OpenCV keeps to the caller's thread while stages run, and is as before afterwards."""

from __future__ import annotations

import cv2
import pytest

from avg_video.media.cores import one_thread_per_stage


def test_opencv_has_one_thread_inside_and_as_many_as_before_after_it() -> None:
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        with one_thread_per_stage():
            with one_thread_per_stage():
                assert cv2.getNumThreads() == 1
            assert cv2.getNumThreads() == 1
        assert cv2.getNumThreads() == 2
        with pytest.raises(ZeroDivisionError), one_thread_per_stage():
            1 / 0  # noqa: B018
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(before)
