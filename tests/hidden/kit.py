"""The clips that needles are planted in: ten small pictures and a tone, in every container, with nothing hidden."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import ffmpeg as ffmpeg_python
import imageio_ffmpeg
import numpy as np

from tests.hidden.needles import TONE_HZ, colours, picture_file
from tests.support.clips import ffmpeg, write_clip

SECONDS = 0.4
FAST = {"preset": "ultrafast", "pix_fmt": "yuv420p"}
NO_SEI_264 = {"bsf:v": "filter_units=remove_types=6", "flags:v": "+bitexact"}
NO_SEI_265 = {"bsf:v": "filter_units=remove_types=39-40", "flags:v": "+bitexact"}
VIDEO: dict[str, dict[str, str]] = {
    "h264": {"vcodec": "libx264", **FAST, **NO_SEI_264},
    "hevc": {"vcodec": "libx265", **FAST, **NO_SEI_265, "x265-params": "log-level=error:info=0:bframes=0"},
    "av1": {"vcodec": "libaom-av1", "cpu-used": "8", "row-mt": "0", "pix_fmt": "yuv420p", "flags:v": "+bitexact"},
    "vp9": {"vcodec": "libvpx-vp9", "deadline": "realtime", "cpu-used": "8", "flags:v": "+bitexact"},
    "mpeg4": {"vcodec": "mpeg4", "flags:v": "+bitexact"},
    "mpeg2video": {"vcodec": "mpeg2video", "flags:v": "+bitexact", "bf": "0"},
    "theora": {"vcodec": "libtheora", "flags:v": "+bitexact", "pix_fmt": "yuv420p"},
    "gif": {"vcodec": "gif"},
    "wmv2": {"vcodec": "wmv2", "flags:v": "+bitexact"},
}
AUDIO = {"theora": "libvorbis", "vp9": "libopus", "wmv2": "wmav2", "mpeg4": "libmp3lame", "mpeg2video": "mp2"}
CODEC_OF = {".webm": "vp9", ".avi": "mpeg4", ".wmv": "wmv2", ".ogv": "theora", ".gif": "gif", ".mxf": "mpeg2video"}
RAW = {"h264": "h264", "hevc": "hevc", "av1": "obu", "mpeg4": "m4v", "mpeg2video": "mpeg2video"}
READERS = {"mpeg2video": "mpegvideo"}


class Kit:
    """Clips and parts in one folder, each made when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def film(self, suffix: str, codec: str | None = None, *, sound: bool = True) -> Path:
        """The plain clip in that container."""
        codec = codec or CODEC_OF.get(suffix, "h264")
        path = self.folder / f"film-{codec}{'' if sound else '-mute'}{suffix}"
        if path.exists():
            return path
        picture = ffmpeg_python.input(f"testsrc2=size=96x64:rate=25:duration={SECONDS}", f="lavfi")
        tone = ffmpeg_python.input(f"sine=frequency=440:sample_rate=48000:duration={SECONDS}", f="lavfi")
        more = dict(VIDEO[codec])
        if suffix in (".mp4", ".mov", ".3gp"):
            more["movflags"] = "+faststart"
        more["metadata:s:v"] = "encoder="
        sound = sound and suffix not in (".gif", ".mxf")
        if sound:
            more["metadata:s:a"] = "encoder="
            more["acodec"] = AUDIO.get(codec, "aac")
            more["flags:a"] = "+bitexact"
        streams = [picture, tone] if sound else [picture]
        job = ffmpeg_python.output(*streams, str(path), fflags="+bitexact", **more)
        job.global_args("-nostdin", "-v", "error").run(cmd=imageio_ffmpeg.get_ffmpeg_exe(), overwrite_output=True)
        return path

    def raw(self, codec: str) -> bytes:
        """The pictures alone, as a bare stream."""
        path = self.folder / f"film.{codec}"
        if not path.exists():
            inside = {"mpeg4": ".avi", "mpeg2video": ".ts"}  # where every picture can stand alone, headers with it
            film = self.film(inside.get(codec, ".mp4"), codec, sound=False)
            ffmpeg("-i", film, "-map", "0:v", "-c", "copy", "-f", RAW[codec], path)
        return path.read_bytes()

    def boxed(self, codec: str, stream: bytes, out: Path) -> None:
        """A bare stream put into the container that the name says, with the tone."""
        raw = out.with_suffix(".raw")
        raw.write_bytes(stream)
        tone = self.sound if AUDIO.get(CODEC_OF.get(out.suffix, "")) != "libopus" else self.opus
        rate = [] if codec == "av1" else ["-framerate", "25"]
        source = ["-f", READERS.get(codec, RAW[codec]), "-i", raw]
        if codec in ("hevc", "mpeg2video", "mpeg4"):  # without times of their own; the MP4 muxer makes them up
            timed = out.with_suffix(".raw.mp4")
            ffmpeg(*rate, *source, "-c", "copy", "-fflags", "+bitexact", timed)
            rate, source = [], ["-i", timed]
        sound = ["-c:a", "mp2"] if out.suffix == ".mpg" else []
        ffmpeg(*rate, *source, "-i", tone, "-c", "copy", *sound, "-fflags", "+bitexact", out)

    @cached_property
    def sound(self) -> Path:
        return self._tone("tone.m4a", 440)

    @cached_property
    def opus(self) -> Path:
        return self._tone("tone.ogg", 440, "-c:a", "libopus")

    @cached_property
    def second_sound(self) -> Path:
        """The sound needle."""
        return self._tone("second.m4a", TONE_HZ)

    @cached_property
    def second_opus(self) -> Path:
        return self._tone("second.ogg", TONE_HZ, "-c:a", "libopus")

    def _tone(self, name: str, hertz: int, *args: str) -> Path:
        source = f"sine=frequency={hertz}:sample_rate=48000:duration={SECONDS}"
        ffmpeg("-f", "lavfi", "-i", source, *args, "-fflags", "+bitexact", "-flags", "+bitexact", self.folder / name)
        return self.folder / name

    @cached_property
    def two_tones(self) -> Path:
        """A clip of 0.8 s whose sound is the needle for the first half and the tone for the second."""
        path = self.folder / "two-tones.mp4"
        graph = "[1][2]concat=n=2:v=0:a=1[a];[0]null[v]"
        tones = [f"sine=frequency={hz}:sample_rate=48000:duration={SECONDS}" for hz in (TONE_HZ, 440)]
        inputs = [
            x for t in (f"testsrc2=size=96x64:rate=25:duration={2 * SECONDS}", *tones) for x in ("-f", "lavfi", "-i", t)
        ]
        coded = ["-c:v", "libx264", "-preset", "ultrafast", "-bsf:v", "filter_units=remove_types=6", "-c:a", "aac"]
        exact = ["-movflags", "+faststart", "-fflags", "+bitexact", "-flags", "+bitexact"]
        ffmpeg(*inputs, "-filter_complex", graph, "-map", "[v]", "-map", "[a]", *coded, *exact, path)
        return path

    @cached_property
    def half_colours(self) -> Path:
        """A clip of 20 pictures: ten of the needle, then ten of the test card; one key frame."""
        card = self.folder / "plain.rgb"
        ffmpeg("-i", self.film(".mp4"), "-pix_fmt", "rgb24", "-f", "rawvideo", card)
        plain = np.frombuffer(card.read_bytes(), np.uint8).reshape(-1, 64, 96, 3)
        needle = colours((96, 64))[..., ::-1]
        path = self.folder / "half.mp4"
        options = {"preset": "ultrafast", "g": "50", "sc_threshold": "0"}
        write_clip(self.folder / "half-plain.mp4", [*[needle] * 10, *plain[:10]], options=options)
        bare = ["-bsf:v", "filter_units=remove_types=6", "-movflags", "+faststart", "-fflags", "+bitexact"]
        ffmpeg("-i", self.folder / "half-plain.mp4", "-c", "copy", *bare, path)
        return path

    @cached_property
    def needle_film(self) -> Path:
        """Ten pictures of the needle, as a stream of pictures of its own."""
        path = self.folder / "needle.mp4"
        source = ["-loop", "1", "-framerate", "25", "-i", self.cover(".png"), "-t", str(SECONDS), "-pix_fmt", "yuv420p"]
        ffmpeg(*source, "-c:v", "libx264", "-preset", "ultrafast", path)
        return path

    def cover(self, suffix: str) -> Path:
        """The needle as a photo."""
        path = self.folder / f"cover{suffix}"
        path.write_bytes(picture_file(suffix))
        return path

    def text(self, name: str, content: str) -> Path:
        """A small text file: subtitles, chapters, an attachment."""
        path = self.folder / name
        path.write_text(content, encoding="utf-8")
        return path
