"""Which versions of which parts did the work."""

from __future__ import annotations

import platform

from avg_video import __version__
from avg_video.record.model import ToolVersions

__all__ = ["tool_versions"]


def tool_versions() -> ToolVersions:
    """The versions on this computer. Says the operating system and processor, and nothing that names the computer."""
    import av
    import cv2
    import numpy
    import onnxruntime

    return ToolVersions(
        avg_blur=__version__,
        python=platform.python_version(),
        av=av.__version__,
        ffmpeg=str(av.ffmpeg_version_info),
        onnxruntime=onnxruntime.__version__,
        opencv=cv2.__version__,
        numpy=numpy.__version__,
        platform=f"{platform.system() or 'unknown'} {platform.machine() or 'unknown'}",
    )
