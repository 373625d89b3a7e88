"""How fast this computer makes a copy: each stage, the whole, a plain transcode of the same file, and the memory.

The job and the transcode each run in a fresh process, so that memory is theirs alone and nothing is warm for one of
them only. What they make lies in a private temporary folder that is removed.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avg_video import language
from avg_video.errors import AvgError, InputError, UsageError
from avg_video.language import tr
from avg_video.media.photo_kinds import photo_kind

if TYPE_CHECKING:
    from avg_video.pipeline import Progress, Settings

__all__ = ["BenchResult", "measure", "peak_memory_bytes"]

REPORT_EVERY_S = 0.2
"""How often a measured process says how far it is; rare enough to cost nothing."""


@dataclass(frozen=True)
class BenchResult:
    """One measurement.

    Attributes
    ----------
    pictures: how many the recording holds.
    film_s: its length in seconds.
    size_wh: upright size in px.
    encoder: the encoder that both used.
    stage_s: wall seconds of each stage of the job.
    whole_s: wall seconds of the job from the call to the finished, checked file; loading libraries not counted.
    decode_s: wall seconds of reading every picture upright, nothing else; the job does so twice.
    transcode_s: wall seconds of decoding and encoding the same pictures with the same encoder settings, nothing else.
    peak_bytes: the most memory that the job's process had at any moment (resident).
    """

    pictures: int
    film_s: float
    size_wh: tuple[int, int]
    encoder: str
    stage_s: dict[str, float]
    whole_s: float
    decode_s: float
    transcode_s: float
    peak_bytes: int

    @property
    def whole_fps(self) -> float:
        """Pictures a second of the whole job."""
        return self.pictures / self.whole_s

    @property
    def transcode_fps(self) -> float:
        """Pictures a second of the plain transcode."""
        return self.pictures / self.transcode_s

    @property
    def ratio(self) -> float:
        """How many times as long as a plain transcode the whole job took."""
        return self.whole_s / self.transcode_s


def measure(path: Path, settings: Settings, progress: Progress | None = None) -> BenchResult:
    """Make a copy of `path` and a plain transcode of it, each in a process of its own, and compare.

    Everybody is covered and the sound dropped, whatever lies beside the file.

    Raises
    ------
    AvgError: whatever the job itself raises on this file.
    """
    if photo_kind(path) is not None:
        raise UsageError(
            tr("is a photo, and speed is measured on recordings only"), remedy=tr("give a video file"), file=path
        )
    with tempfile.TemporaryDirectory(prefix="avg-blur-bench-") as folder:  # mode 0700 by contract of mkdtemp
        made = _in_own_process(_job, path, Path(folder) / "made.mp4", settings, progress)
        read = _in_own_process(_decode, path, Path(folder) / "none", settings, progress)
        plain = _in_own_process(_transcode, path, Path(folder) / "plain.mp4", settings, progress)
    return BenchResult(
        pictures=made["pictures"],
        film_s=made["film_s"],
        size_wh=made["size_wh"],
        encoder=plain["encoder"],
        stage_s=made["stage_s"],
        whole_s=made["wall_s"],
        decode_s=read["wall_s"],
        transcode_s=plain["wall_s"],
        peak_bytes=made["peak_bytes"],
    )


def _job(path: Path, output: Path, settings: Settings, progress: Progress) -> dict[str, Any]:
    from avg_video.pipeline import anonymise
    from avg_video.policy.document import Policy

    started = time.perf_counter()
    outcome = anonymise(path, output, settings=settings, policy=Policy(), progress=progress)
    wall_s = time.perf_counter() - started
    entry = outcome.record.input
    return {
        "wall_s": wall_s,
        "pictures": entry.decoded_frames,
        "film_s": entry.decoded_seconds,
        "size_wh": entry.size_wh,
        "stage_s": outcome.stage_s,
        "peak_bytes": peak_memory_bytes(),
    }


def _decode(path: Path, output: Path, settings: Settings, progress: Progress) -> dict[str, Any]:
    from avg_video.media.reader import VideoReader

    started = time.perf_counter()
    with VideoReader(path, threads=settings.threads) as reader:
        progress.stage("reading", reader.info.declared_seconds)
        base, first = reader.info.time_base, 0
        for picture in reader:
            first = picture.pts if picture.index == 0 else first
            progress.at(float((picture.pts - first) * base), picture.index + 1)
    return {"wall_s": time.perf_counter() - started}


def _transcode(path: Path, output: Path, settings: Settings, progress: Progress) -> dict[str, Any]:
    """Decode and encode with PyAV, as fast as the ffmpeg command does it; no turning, no sound, no looking."""
    import av

    from avg_video.media.encoders import choose_encoder, open_codec
    from avg_video.media.opening import open_plain
    from avg_video.media.source import probe

    info = probe(path)
    encoder = choose_encoder(settings.encoder, info.size_wh, crf=settings.crf, preset=settings.preset)
    progress.stage("plain", info.declared_seconds)
    started = time.perf_counter()
    pictures = 0
    with open_plain(path) as source, av.open(str(output), "w") as target:
        stream = source.streams[info.video_stream]
        made = target.add_stream(encoder.name, rate=info.average_rate)
        if not isinstance(stream, av.VideoStream) or not isinstance(made, av.VideoStream):
            raise InputError(tr("its pictures can't be read"), remedy=tr("choose another file"), file=path)
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = settings.threads
        size_wh = info.stored_size_wh[0] & ~1, info.stored_size_wh[1] & ~1
        open_codec(
            made.codec_context,
            encoder,
            size_wh=size_wh,
            rate=info.average_rate,
            clock=info.time_base,
            threads=settings.threads,
        )
        for frame in source.decode(stream):
            flat = frame.reformat(*size_wh, encoder.pix_fmt)
            flat.pts, flat.time_base, flat.pict_type = frame.pts, info.time_base, av.video.frame.PictureType.NONE
            target.mux(made.encode(flat))
            pictures += 1
            progress.at(frame.time or 0.0, pictures)
        target.mux(made.encode())
    return {"wall_s": time.perf_counter() - started, "encoder": encoder.name, "pictures": pictures}


def peak_memory_bytes() -> int:
    """The most resident memory that this process has had, in bytes.

    Linux: `VmHWM` of /proc, since `ru_maxrss` there starts from the parent's value. macOS: `ru_maxrss`, in bytes.
    Windows: `PeakWorkingSetSize`.
    """
    if sys.platform == "win32":
        return _peak_on_windows()
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _peak_on_windows() -> int:
    import ctypes
    from ctypes import wintypes

    class Counters(ctypes.Structure):
        _fields_ = (  # PROCESS_MEMORY_COUNTERS of psapi.h
            ("cb", wintypes.DWORD),
            ("PageFaultCount", wintypes.DWORD),
            ("PeakWorkingSetSize", ctypes.c_size_t),
            ("WorkingSetSize", ctypes.c_size_t),
            ("rest", ctypes.c_size_t * 6),
        )

    counters = Counters(cb=ctypes.sizeof(Counters))
    kernel: Any = ctypes.__dict__["windll"].kernel32
    kernel.GetCurrentProcess.restype = wintypes.HANDLE
    kernel.K32GetProcessMemoryInfo.argtypes = (wintypes.HANDLE, ctypes.c_void_p, wintypes.DWORD)
    if not kernel.K32GetProcessMemoryInfo(kernel.GetCurrentProcess(), ctypes.byref(counters), counters.cb):
        raise OSError("K32GetProcessMemoryInfo failed")
    return int(counters.PeakWorkingSetSize)


class _Reporter:
    """The `Progress` of a measured process: sends what happens to the one that measures, not too often."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._last = 0.0

    def stage(self, name: str, total_s: float | None) -> None:
        self._pipe.send(("stage", (name, total_s)))

    def at(self, second: float, pictures: int) -> None:
        now = time.monotonic()
        if now - self._last >= REPORT_EVERY_S:
            self._last = now
            self._pipe.send(("at", (second, pictures)))

    def warn(self, text: str) -> None:
        self._pipe.send(("warn", (text,)))


def _in_own_process(
    work: Any, path: Path, output: Path, settings: Settings, progress: Progress | None
) -> dict[str, Any]:
    here, there = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("spawn").Process(
        target=_child, args=(there, language.active(), work, path, output, settings)
    )
    child.start()
    there.close()
    try:
        while True:
            kind, values = here.recv()
            if kind == "done":
                result: dict[str, Any] = values
                return result
            if kind == "failed":
                raise values
            if progress is not None:
                getattr(progress, kind)(*values)
    except EOFError:
        child.join()
        raise AvgError(
            tr("the measured process ended without an answer (exit code {exitcode})", exitcode=child.exitcode),
            remedy=tr("close other programs, since the memory may have been full"),
            file=path,
        ) from None
    finally:
        here.close()
        if child.is_alive():
            child.join(timeout=1.0)
        if child.is_alive():
            child.terminate()
            child.join()


def _child(pipe: Connection, speak: str, work: Any, path: Path, output: Path, settings: Settings) -> None:
    language.use(speak)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both processes; the one that measures ends this one
    try:
        pipe.send(("done", work(path, output, settings, _Reporter(pipe))))
    except BrokenPipeError:
        os._exit(1)  # nobody is listening any more
    except AvgError as error:
        pipe.send(("failed", error))
    except Exception as error:  # noqa: BLE001 - raised again by the one that measures; others may not survive the way
        pipe.send(("failed", RuntimeError(f"{type(error).__name__}: {error}")))
