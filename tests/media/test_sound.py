"""Sound: in step with the picture, silent where it must be, and gone when nobody asked for it."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest

from avg_video.errors import DamagedInput, InputError
from avg_video.media.encoders import choose_encoder
from avg_video.media.sound import BLOCK, SoundPlan, SoundSource, whole_blocks
from avg_video.media.writer import VideoWriter
from tests.media.writing import F32, decoded_sound, info_of, line_of, picture, recording, write

KEEP = SoundPlan(keep=True)
MS = Fraction(1, 1000)


def click_at(seconds: float, *, rate: int = 48000, length_s: float = 2.0, channels: int = 1) -> F32:
    """Silence with one loud millisecond in it."""
    wave = np.zeros((channels, round(rate * length_s)), np.float32)
    at = round(seconds * rate)
    wave[:, at : at + rate // 1000] = 0.9
    return wave


def loudest_s(path: Path) -> float:
    """When the loudest sample of an output sounds, in seconds."""
    samples, rate = decoded_sound(path)
    return float(np.abs(samples).max(axis=0).argmax() / rate)


def loudest_by_another_ffmpeg_s(path: Path) -> float:
    """The same by a second FFmpeg build, which honours edit lists."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-vn", "-ac", "1", "-ar", "48000"]
    raw = subprocess.run([*command, "-f", "f32le", "-"], check=True, capture_output=True).stdout
    return float(np.abs(np.frombuffer(raw, "<f4")).argmax() / 48000)


def tone(rate: int = 48000, length_s: float = 2.0, hz: float = 1000.0, channels: int = 1) -> F32:
    wave = 0.5 * np.sin(2 * np.pi * hz * np.arange(round(rate * length_s)) / rate + 0.1)  # 0.1: no sample is zero
    return np.tile(wave.astype(np.float32), (channels, 1))


def level(samples: F32, rate: int, start_s: float, end_s: float) -> float:
    """Root mean square of a stretch."""
    part = samples[:, round(start_s * rate) : round(end_s * rate)]
    return float(np.sqrt(np.mean(np.square(part))))


def test_sound_is_dropped_unless_asked_for(tmp_path: Path) -> None:
    source = recording(tmp_path / "in.mp4", tone())
    line = line_of(range(0, 2000, 40), MS, last=40)
    write(tmp_path / "out.mp4", line, source=source)
    with av.open(str(tmp_path / "out.mp4")) as box:
        assert [s.type for s in box.streams] == ["video"]


@pytest.mark.parametrize(
    ("name", "codec", "rate", "channels"),
    [
        ("in.mp4", "aac", 48000, 1),
        ("in.mp4", "aac", 44100, 2),
        ("in.mov", "pcm_s16le", 16000, 1),
        ("in.mkv", "aac", 48000, 2),
        ("in.mkv", "pcm_s16le", 8000, 2),
        ("in.ts", "aac", 48000, 1),
    ],
)
def test_a_click_and_a_flash_stay_together(tmp_path: Path, name: str, codec: str, rate: int, channels: int) -> None:
    source = recording(tmp_path / name, click_at(1.0, rate=rate, channels=channels), rate=rate, codec=codec)
    with av.open(str(source)) as box:
        stream = box.streams.video[0]
        times = [frame.pts for frame in box.decode(stream) if frame.pts is not None]
        base = stream.time_base
    assert base is not None
    step = times[1] - times[0]
    line = line_of(times, base, last=step)
    info = info_of(line, sound=1)
    out = tmp_path / "out.mp4"
    with VideoWriter(out, info, line, choose_encoder("libx264", line.size_wh), sound=KEEP, source=source) as writer:
        for i, pts in enumerate(times):
            writer.write(picture(i, pts, line.size_wh, level=235 if i == 25 else 16))
        writer.finish()
    with av.open(str(out)) as box:
        bright = {frame.time: frame.to_ndarray()[: line.size_wh[1]].mean() for frame in box.decode(video=0)}
        sound = box.streams.audio[0]
        assert (sound.rate, sound.channels) == (rate if rate in (32000, 44100, 48000) else 48000, channels)
    flash_s = max(bright, key=lambda t: bright[t])
    assert flash_s == pytest.approx(1.0, abs=1e-6)
    assert loudest_s(out) == pytest.approx(flash_s, abs=0.004)
    assert loudest_by_another_ffmpeg_s(out) == pytest.approx(flash_s, abs=0.004)


@pytest.mark.parametrize("picture_ms", [0, 480, 1480])
@pytest.mark.parametrize("sound_ms", [0, 300, 700])
def test_the_first_picture_is_the_start_of_the_sound(tmp_path: Path, picture_ms: int, sound_ms: int) -> None:
    """The click is at 1.7 s on the source's clock; sound before the first picture is cut, missing sound is silence."""
    first = Fraction(picture_ms, 1000)
    wave = click_at(1.7 - sound_ms / 1000)
    source = recording(
        tmp_path / "in.mkv", wave, picture_starts_s=first, sound_starts_s=Fraction(sound_ms, 1000), codec="pcm_s16le"
    )
    line = line_of(range(picture_ms, picture_ms + 2000, 40), MS, last=40)
    write(tmp_path / "out.mp4", line, sound=KEEP, source=source)
    assert loudest_s(tmp_path / "out.mp4") == pytest.approx(1.7 - picture_ms / 1000, abs=0.002)


def test_a_gap_in_the_sound_is_silence_and_what_follows_stays_in_step(tmp_path: Path) -> None:
    wave = tone() * 0.3 + click_at(1.5)
    source = recording(tmp_path / "in.mkv", wave, codec="pcm_s16le", gap=(24 * BLOCK, 48 * BLOCK))
    write(tmp_path / "out.mp4", line_of(range(0, 2000, 40), MS, last=40), sound=KEEP, source=source)
    samples, rate = decoded_sound(tmp_path / "out.mp4")
    start, end = 24 * BLOCK / rate, 48 * BLOCK / rate
    assert level(samples, rate, start + 0.03, end - 0.03) < 1e-4
    assert level(samples, rate, start - 0.2, start - 0.03) > 0.08
    assert loudest_s(tmp_path / "out.mp4") == pytest.approx(1.5, abs=0.004)


@pytest.mark.parametrize("sound_s", [0.5, 2.0, 5.0])
def test_the_sound_fills_the_picture_and_never_outlasts_it(tmp_path: Path, sound_s: float) -> None:
    source = recording(tmp_path / "in.mp4", tone(length_s=sound_s))
    line = line_of(range(0, 2000, 40), MS, last=40)
    write(tmp_path / "out.mp4", line, sound=KEEP, source=source)
    samples, rate = decoded_sound(tmp_path / "out.mp4")
    assert 2.0 - BLOCK / rate < samples.shape[1] / rate <= 2.0
    assert level(samples, rate, 0.1, min(sound_s, 1.9) - 0.05) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)
    if sound_s < 2:
        assert level(samples, rate, sound_s + 0.1, 1.9) < 1e-4


def test_nothing_of_a_muted_stretch_survives(tmp_path: Path) -> None:
    wave = tone()
    wave[:, : 48000 * 3 // 4] = 0
    wave[:, 48000 * 5 // 4 :] = 0
    source = recording(tmp_path / "in.mp4", wave)  # lossy: the tone smears beyond its own samples
    line = line_of(range(0, 2000, 40), MS, last=40)
    write(tmp_path / "loud.mp4", line, sound=KEEP, source=source)
    write(tmp_path / "mute.mp4", line, sound=SoundPlan(keep=True, mutes_s=((0.75, 1.25),)), source=source)
    loud, rate = decoded_sound(tmp_path / "loud.mp4")
    mute, _ = decoded_sound(tmp_path / "mute.mp4")
    assert float(np.square(loud).sum()) > 1000
    assert level(loud, rate, 0.70, 0.749) > 1e-5  # there was something to smear
    assert float(np.abs(mute).max()) < 1e-6


def test_a_mute_is_silent_for_all_of_its_stretch_and_little_more(tmp_path: Path) -> None:
    line = line_of(range(500, 2500, 40), MS, last=40)
    source = recording(
        tmp_path / "in.mkv", tone(channels=2, length_s=3), codec="pcm_s16le", picture_starts_s=Fraction(1, 2)
    )
    plan = SoundPlan(keep=True, mutes_s=((0.0, 0.2), (0.8, 1.2)))
    with SoundSource(source, 1, origin=Fraction(1, 2), duration=Fraction(2), plan=plan) as sound:
        samples = np.concatenate(list(sound.blocks()), axis=1)
    assert samples.shape == (2, whole_blocks(Fraction(2), 48000) * BLOCK)
    silent = np.flatnonzero(np.abs(samples).max(axis=0) == 0)
    for start, end in plan.mutes_s:
        assert np.all(samples[:, round(start * 48000) : round(end * 48000)] == 0)
    middle = silent[(silent > 24000)]
    assert 0.70 * 48000 < middle.min() <= 0.8 * 48000
    assert 1.2 * 48000 <= middle.max() < 1.30 * 48000
    write(tmp_path / "out.mp4", line, sound=plan, source=source)
    out, rate = decoded_sound(tmp_path / "out.mp4")
    assert level(out, rate, 0.8, 1.2) < 1e-6
    assert level(out, rate, 0.4, 0.65) > 0.3


def test_surround_sound_becomes_stereo_and_odd_values_are_tamed(tmp_path: Path) -> None:
    path = tmp_path / "in.mkv"
    with av.open(str(path), "w") as box:
        tune = box.add_stream("pcm_f32le", rate=48000)
        tune.codec_context.layout = "5.1"
        wave = np.tile(tone(length_s=0.5), (6, 1)).T.reshape(1, -1).copy()
        wave[0, 100], wave[0, 200], wave[0, 300] = np.nan, np.inf, 1e9
        frame = av.AudioFrame.from_ndarray(wave, format="flt", layout="5.1")
        frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
        box.mux(tune.encode(frame))
        box.mux(tune.encode())
    with SoundSource(path, 0, origin=Fraction(0), duration=Fraction(1, 2), plan=KEEP) as sound:
        samples = np.concatenate(list(sound.blocks()), axis=1)
    assert samples.shape[0] == 2
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 1.0
    assert level(samples, 48000, 0.1, 0.4) > 0.1


def test_jitter_does_not_tear_the_sound_and_a_lasting_shift_is_followed(tmp_path: Path) -> None:
    """Stated times alternate by 15 ms around the truth; from one second on they are all 20 ms late."""
    path = tmp_path / "in.mkv"
    wave = np.random.default_rng(1).integers(-9999, 9999, (1, 3 * 48000), dtype=np.int16)
    with av.open(str(path), "w") as box:
        tune = box.add_stream("pcm_s16le", rate=48000)
        tune.codec_context.layout = "mono"
        for k, start in enumerate(range(0, wave.shape[1], 1024)):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(wave[:, start : start + 1024]), "s16", "mono")
            shift = 720 * (k % 2) if start < 48000 else 960
            frame.sample_rate, frame.pts, frame.time_base = 48000, start + shift, Fraction(1, 48000)
            box.mux(tune.encode(frame))
        box.mux(tune.encode())
    with SoundSource(path, 0, origin=Fraction(0), duration=Fraction(3), plan=KEEP) as sound:
        samples = np.concatenate(list(sound.blocks()), axis=1)[0]
    assert np.all(samples[:48000] == (wave[0, :48000] / 32768).astype(np.float32))
    piece = samples[-20000:].astype(np.float64)
    late = [k for k in range(900, 1000) if np.allclose(piece, wave[0, len(samples) - 20000 - k :][:20000] / 32768)]
    assert late == [pytest.approx(960, abs=48)]  # Matroska rounds to a millisecond, which is 48 samples


def test_damaged_sound_stops_the_work(tmp_path: Path) -> None:
    path = recording(tmp_path / "in.mkv", tone(), codec="aac")
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as box:
        spots = [(p.pos, p.size) for p in box.demux(audio=0) if p.pos and p.size > 100]
    for position, size in spots[20:40]:
        data[position + 16 : position + size] = bytes(range(1, 256))[: size - 16].ljust(size - 16, b"\xff")
    path.write_bytes(data)
    line = line_of(range(0, 2000, 40), MS, last=40)
    with pytest.raises(DamagedInput, match=r"in\.mkv: its sound is damaged.*; leave the sound out with --audio drop"):
        write(tmp_path / "out.mp4", line, sound=KEEP, source=path)


def test_a_picture_stream_is_no_sound(tmp_path: Path) -> None:
    path = recording(tmp_path / "in.mp4", tone())
    for stream in (0, 7):
        with pytest.raises(InputError, match="its sound can't be decoded"):
            SoundSource(path, stream, origin=Fraction(0), duration=Fraction(1), plan=KEEP)


def test_a_film_shorter_than_the_sounds_start_has_none(tmp_path: Path) -> None:
    source = recording(tmp_path / "in.mp4", tone())
    write(tmp_path / "out.mp4", line_of([0], MS, last=40), sound=KEEP, source=source)
    with av.open(str(tmp_path / "out.mp4")) as box:
        assert [s.type for s in box.streams] == ["video"]


@pytest.mark.parametrize("mutes", [((1.0, 1.0),), ((2.0, 1.0),), ((-1.0, 1.0),), ((0.0, float("inf")),)])
def test_mutes_are_checked(mutes: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ValueError, match="0 <= from < to"):
        SoundPlan(keep=True, mutes_s=mutes)


def test_a_long_silence_costs_no_memory(tmp_path: Path) -> None:
    """A stretch of ten hours before the sound begins is never held at once (it would be 7 GB)."""
    resource = pytest.importorskip("resource", reason="memory use is measured as POSIX does")
    source = recording(tmp_path / "in.mkv", tone(), codec="pcm_s16le", sound_starts_s=Fraction(36000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with SoundSource(source, 1, origin=Fraction(0), duration=Fraction(36001), plan=KEEP) as sound:
        blocks = sum(1 for _ in sound.blocks())
    assert blocks == whole_blocks(Fraction(36001), 48000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB
