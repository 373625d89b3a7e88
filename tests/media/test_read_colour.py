"""Colours arrive right, as 8-bit 4:2:0, with tags that say what they are."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from avg_video.errors import UnsupportedInput
from avg_video.media.colours import BT709, ColourTags
from avg_video.media.hdr import WHITE_NITS, ToneMapper, tone_map
from avg_video.media.reader import VideoReader
from avg_video.media.source import SourceInfo, probe
from tests.support.clips import X264, card, decoded, ffmpeg

F64 = npt.NDArray[np.float64]


def first(path: Path) -> tuple[SourceInfo, F64]:
    """What it is, and the mean Y, U and V of its first picture's middle."""
    with VideoReader(path) as reader:
        p = next(iter(reader))
    h, w = p.y.shape
    middle = (slice(h // 4, h * 3 // 4), slice(w // 4, w * 3 // 4))
    half = (slice(h // 8, h * 3 // 8), slice(w // 8, w * 3 // 8))
    return reader.info, np.array([p.y[middle].mean(), p.u[half].mean(), p.v[half].mean()])


def yuv(path: Path, pix_fmt: str, codes: tuple[int, int, int], tags: tuple[str, ...], *args: str) -> Path:
    """A clip of one exact YUV colour (codes in the depth of `pix_fmt`), tagged (range, matrix, primaries, transfer)."""
    deep = "10" in pix_fmt
    kind = np.dtype("<u2") if deep else np.dtype(np.uint8)
    cw, ch = (32 if "444" not in pix_fmt else 64), (24 if "420" in pix_fmt else 48)
    one = [np.full(64 * 48, codes[0], kind), np.full(cw * ch, codes[1], kind), np.full(cw * ch, codes[2], kind)]
    raw = path.with_suffix(".raw")
    raw.write_bytes(np.concatenate(one).tobytes() * 2)
    keys = ("range", "colorspace", "color_primaries", "color_trc")
    names = dict(zip(keys, tags, strict=False))
    limits = ["-color_range", tags[0]]
    mark = "setparams=" + ":".join(f"{k}={v}" for k, v in names.items())
    shape = ["-f", "rawvideo", "-pix_fmt", pix_fmt, "-s", "64x48", "-r", "25"]
    ffmpeg(*shape, *limits, "-i", raw, "-vf", mark, *(args or ("-c:v", "ffv1")), path)
    return path


SDR = [
    (("tv", "bt709", "bt709", "bt709"), ColourTags(1, 1, 1, 1)),
    (("tv", "smpte170m", "smpte170m", "smpte170m"), ColourTags(1, 6, 6, 6)),
    (("tv", "bt470bg", "bt470bg", "bt470bg"), ColourTags(1, 5, 5, 5)),
    (("tv", "bt2020nc", "bt2020", "bt2020-10"), ColourTags(1, 9, 9, 14)),
    (("pc", "bt709", "bt709", "iec61966-2-1"), ColourTags(2, 1, 1, 13)),
]


@pytest.mark.parametrize(("tags", "wanted"), SDR)
@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le"])
def test_sdr_keeps_values_and_tags(tmp_path: Path, pix_fmt: str, tags: tuple[str, ...], wanted: ColourTags) -> None:
    k = 4 if "10" in pix_fmt else 1
    exact = ["-c:v", "libx264", "-qp", "0", "-color_range", tags[0]]
    info, got = first(yuv(tmp_path / "c.mp4", pix_fmt, (200 * k, 90 * k, 160 * k), tags, *exact))
    assert info.colours == wanted
    # Ten bits in full range are scaled by 255 / 1023, not by a quarter.
    assert got == pytest.approx([200, 90, 160], abs=1 if tags[0] == "pc" else 0.51)
    assert info.hdr is None


def test_full_range_of_old_cameras(tmp_path: Path) -> None:
    path = card(tmp_path / "c.avi", "-c:v", "mjpeg", "-pix_fmt", "yuvj422p", "-q:v", "2")
    raw = ffmpeg("-i", path, "-frames:v", "1", "-f", "rawvideo", "-")
    with VideoReader(path) as reader:
        y = next(iter(reader)).y
    assert reader.info.colours.range == 2
    assert np.array_equal(y.reshape(-1), np.frombuffer(raw, np.uint8)[: 64 * 48])


def test_grey_stays_grey(tmp_path: Path) -> None:
    info, got = first(card(tmp_path / "g.mkv", "-vf", "format=gray,geq=lum=200", "-c:v", "ffv1"))
    assert got == pytest.approx([200, 128, 128], abs=1)
    assert info.colours.range == 2


RGB_TO_709 = {(255, 255, 255): (235, 128, 128), (0, 0, 0): (16, 128, 128), (255, 0, 0): (63, 102, 240)}
"""8-bit Y, Cb, Cr of BT.709, limited range (ITU-R BT.709-6, section 4), rounded."""


@pytest.mark.parametrize(("rgb", "wanted"), RGB_TO_709.items())
@pytest.mark.parametrize(
    ("name", "codec", "fmt"),
    [
        ("a.mov", "qtrle", "rgb24"),
        ("a.gif", "gif", "pal8"),
        ("a.mkv", "ffv1", "bgra"),
        ("b.mkv", "libx264rgb", "rgb24"),
    ],
)
def test_rgb_becomes_bt709(
    tmp_path: Path, name: str, codec: str, fmt: str, rgb: tuple[int, int, int], wanted: tuple[int, int, int]
) -> None:
    colour = "0x" + bytes(rgb).hex()
    source = ["-f", "lavfi", "-i", f"color={colour}:size=64x48:duration=0.1"]
    ffmpeg(*source, "-vf", f"format=rgb24,format={fmt}", "-c:v", codec, tmp_path / name)
    info, got = first(tmp_path / name)
    # A GIF's palette made by ffmpeg is itself off by up to 3 steps.
    assert got == pytest.approx(wanted, abs=3 if name == "a.gif" else 1.01)
    assert info.colours == BT709


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("a.mov", ["-c:v", "prores_ks", "-pix_fmt", "yuva444p10le"]),
        ("b.mov", ["-c:v", "qtrle", "-pix_fmt", "argb"]),
        ("c.webm", ["-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p"]),
        ("d.webm", ["-c:v", "libvpx", "-pix_fmt", "yuva420p", "-auto-alt-ref", "0"]),
        ("e.mkv", ["-c:v", "ffv1", "-pix_fmt", "yuva420p"]),
    ],
)
def test_what_lies_under_transparency_is_gone(tmp_path: Path, name: str, args: list[str]) -> None:
    """White everywhere, wholly transparent on the left: the left must come out black, not white."""
    half = "color=white:size=64x48:duration=0.1,format=rgba,geq=r=255:g=255:b=255:a='255*gte(X,32)'"
    ffmpeg("-f", "lavfi", "-i", half, *args, tmp_path / name)
    with VideoReader(tmp_path / name) as reader:
        picture = next(iter(reader))
    assert reader.info.has_alpha
    assert reader.info.colours == BT709
    assert picture.y[:, :24].max() < 30
    assert picture.y[:, 40:].min() > 220


PQ = ("tv", "bt2020nc", "bt2020", "smpte2084")
HLG = ("tv", "bt2020nc", "bt2020", "arib-std-b67")


def pq_code(nits: float) -> float:
    """ST 2084, written out once more from the standard."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    y = (nits / 10000) ** m1
    return float(((c1 + c2 * y) / (1 + c3 * y)) ** m2)


def sdr_luma(nits: float) -> float:
    """8-bit limited luma of a grey of that light on a BT.1886 display whose white is `WHITE_NITS`."""
    return float(16 + 219 * (nits / WHITE_NITS) ** (1 / 2.4))


@pytest.mark.parametrize("nits", [0, 1, 10, 50, 80])
def test_pq_below_the_knee_shows_the_same_light(tmp_path: Path, nits: float) -> None:
    code = round(64 + 876 * pq_code(nits)) if nits else 64
    info, got = first(yuv(tmp_path / "h.mkv", "yuv420p10le", (code, 512, 512), PQ))
    assert info.hdr == "PQ"
    assert info.colours == BT709
    assert any("HDR (PQ)" in w for w in info.warnings)
    assert got == pytest.approx([sdr_luma(nits), 128, 128], abs=1.6)


def test_hlg_reference_grey(tmp_path: Path) -> None:
    """BT.2408: 38 % HLG is the 26 cd/m2 of an 18 % grey card; below the knee, so its light stays."""
    info, got = first(yuv(tmp_path / "h.mkv", "yuv420p10le", (round(64 + 876 * 0.38), 512, 512), HLG))
    assert info.hdr == "HLG"
    assert got == pytest.approx([sdr_luma(26.3), 128, 128], abs=2)


@pytest.mark.parametrize("tags", [PQ, HLG])
def test_hdr_extremes(tmp_path: Path, tags: tuple[str, ...]) -> None:
    top = 940 if tags is HLG else round(64 + 876 * pq_code(1000))
    assert first(yuv(tmp_path / "w.mkv", "yuv420p10le", (top, 512, 512), tags))[1] == pytest.approx(
        [235, 128, 128], abs=1
    )
    assert first(yuv(tmp_path / "b.mkv", "yuv420p10le", (64, 512, 512), tags))[1] == pytest.approx(
        [16, 128, 128], abs=1
    )


def test_hdr_hue(tmp_path: Path) -> None:
    """BT.709 red of 50 cd/m2, packed into BT.2020 PQ, comes out as BT.709 red."""
    light = np.array([0.6274, 0.0691, 0.0164]) * 50  # BT.2087: BT.709 red in BT.2020
    r, g, b = (pq_code(v) for v in light)
    y = 0.2627 * r + 0.6780 * g + 0.0593 * b
    codes = (64 + 876 * y, 512 + 896 * (b - y) / 1.8814, 512 + 896 * (r - y) / 1.4746)
    _, got = first(yuv(tmp_path / "r.mkv", "yuv444p10le", tuple(round(c) for c in codes), PQ))
    v = (50 / WHITE_NITS) ** (1 / 2.4)
    wanted = [16 + 219 * 0.2126 * v, 128 + 224 * (-0.2126 * v) / 1.8556, 128 + 224 * (v - 0.2126 * v) / 1.5748]
    # A linear rest of half a percent in green or blue (rounding of 10-bit codes) is 11 % after the display's curve.
    assert got == pytest.approx(wanted, abs=9)


def test_tone_curve_rises_and_keeps_neutrals() -> None:
    for transfer, top in (("PQ", pq_code(1000)), ("HLG", 1.0)):
        out = tone_map(np.repeat(np.linspace(0, top, 500)[:, None], 3, axis=1), transfer, 9)
        assert np.all(np.diff(out[out[:, 0] < 0.999, 0]) > 0)
        assert np.ptp(out, axis=1).max() < 1e-3
        assert out[-1] == pytest.approx([1, 1, 1], abs=1e-3)
    assert float(tone_map(np.full((1, 3), pq_code(203)), "PQ", 9)[0, 0]) == pytest.approx(0.903, abs=0.005)


def test_table_follows_the_exact_curve() -> None:
    """Colours as those of faces and rooms are: in BT.709, the weakest channel at least a tenth of the strongest."""
    rng = np.random.default_rng(1)
    light = rng.uniform(0.02, 1, (4096, 3)) * 10 ** rng.uniform(-2, 0, (4096, 1)) * WHITE_NITS
    light = np.maximum(light, light.max(axis=1, keepdims=True) / 10)
    to_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])  # BT.2087
    codes = np.vectorize(pq_code)(light @ to_2020.T)
    steps = np.rint(codes * 4095).astype("<u2")
    frame = av.VideoFrame(4096, 2, ToneMapper.FORMAT)
    for plane, channel in zip(frame.planes, (1, 2, 0), strict=True):
        rows = np.zeros((2, plane.line_size // 2), "<u2")
        rows[:, :4096] = steps[:, channel]
        plane.update(rows.tobytes())
    out = ToneMapper((4096, 2), "PQ", 9)(frame)
    got = np.stack([np.frombuffer(memoryview(out.planes[k]), "<u2")[:4096] for k in (2, 0, 1)], axis=1) / 4095
    error = (got - tone_map(steps / 4095, "PQ", 9)) * 255
    assert np.abs(error @ [0.2126, 0.7152, 0.0722]).max() < 2
    assert np.percentile(np.abs(error), 99) < 3


@pytest.mark.parametrize(
    ("pix_fmt", "tags"),
    [
        ("yuv420p10le", ("tv", "ictcp", "bt2020", "smpte2084")),
        ("yuv420p10le", ("tv", "bt2020nc", "smpte431", "smpte2084")),
        ("yuv420p", ("tv", "ycgco", "bt709", "bt709")),
        ("yuv420p10le", ("tv", "bt2020c", "bt2020", "bt2020-10")),
    ],
)
def test_rare_colours_are_refused(tmp_path: Path, pix_fmt: str, tags: tuple[str, ...]) -> None:
    with pytest.raises(UnsupportedInput, match="rare"):
        probe(yuv(tmp_path / "r.mkv", pix_fmt, (200, 128, 128), tags))


def test_dolby_vision_without_a_base_is_refused(tmp_path: Path) -> None:
    plain = card(tmp_path / "p.mp4", "-c:v", "libx265", "-x265-params", "log-level=error", "-pix_fmt", "yuv420p10le")
    ffmpeg("-i", plain, "-c", "copy", "-tag:v", "hvc1", tmp_path / "d.mp4")
    data = (tmp_path / "d.mp4").read_bytes()
    assert probe(tmp_path / "d.mp4").hdr is None
    (tmp_path / "d.mp4").write_bytes(data.replace(b"hvc1", b"dvh1"))
    with pytest.raises(UnsupportedInput, match="Dolby Vision"):
        probe(tmp_path / "d.mp4")


def test_colours_that_change_on_the_way_are_refused(tmp_path: Path) -> None:
    for k, trc in enumerate(("bt709", "smpte2084")):
        mark = f"setparams=color_trc={trc}:colorspace=bt709:color_primaries=bt709"
        card(tmp_path / f"{k}.ts", "-vf", mark, *X264)
    (tmp_path / "list.txt").write_text("file 0.ts\nfile 1.ts\n")
    path = tmp_path / "both.ts"
    ffmpeg("-f", "concat", "-i", tmp_path / "list.txt", "-c", "copy", path)
    with VideoReader(path) as reader, pytest.raises(UnsupportedInput, match="colours change"):
        list(reader)


def test_ten_bit_h264_agrees_with_ffmpeg(tmp_path: Path) -> None:
    path = card(tmp_path / "t.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p10le", "-crf", "10")
    with VideoReader(path) as reader:
        got = np.stack([p.i420 for p in reader])
    assert np.abs(got.astype(int) - decoded(path, size_wh=(64, 48))).max() <= 1
