"""How a photo is read: which way up, in which colours, and what is refused."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from avg_video.errors import AvgError, DamagedInput, InputError, UnsupportedInput
from avg_video.media.photo_kinds import photo_kind
from avg_video.media.photo_read import read_photo
from tests.photos.making import (
    ADOBE_RGB,
    P3,
    chunk,
    encoded,
    exif_block,
    icc_profile,
    room,
    segment,
    with_chunks,
    with_segments,
)
from tests.support.clips import noise

CORNERS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}


def four_corners() -> np.ndarray:
    """48 wide, 32 high: red top left, green top right, blue lower left, white lower right."""
    picture = np.zeros((32, 48, 3), np.uint8)
    picture[:16, :24], picture[:16, 24:], picture[16:, :24], picture[16:, 24:] = CORNERS.values()
    return picture


def corners_of(rgb: np.ndarray) -> tuple[str, str, str, str]:
    """Which colour lies top left, top right, lower left and lower right."""
    h, w = rgb.shape[:2]
    seen = [rgb[y, x] for y in (h // 4, 3 * h // 4) for x in (w // 4, 3 * w // 4)]
    names = [min(CORNERS, key=lambda n: np.abs(np.array(CORNERS[n]) - colour.astype(int)).sum()) for colour in seen]
    return names[0], names[1], names[2], names[3]


# What a viewer must show for each stored orientation (EXIF 2.32, 4.6.4 A: "the 0th row represents ...").
SHOWN = {
    1: ("red", "green", "blue", "white"),
    2: ("green", "red", "white", "blue"),
    3: ("white", "blue", "green", "red"),
    4: ("blue", "white", "red", "green"),
    5: ("red", "blue", "green", "white"),
    6: ("blue", "red", "white", "green"),
    7: ("white", "green", "blue", "red"),
    8: ("green", "white", "red", "blue"),
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", SHOWN)
def test_orientation_is_applied(orientation: int, kind: str, tmp_path: Path) -> None:
    block = exif_block(orientation=orientation)
    path = tmp_path / "a"
    plain = encoded(four_corners(), kind)
    if kind == "JPEG":
        path.write_bytes(with_segments(plain, segment(0xE1, b"Exif\0\0" + block)))
    elif kind == "PNG":
        path.write_bytes(with_chunks(plain, chunk(b"eXIf", block)))
    else:
        path.write_bytes(encoded(four_corners(), kind, exif=block, lossless=True))
    photo = read_photo(path)
    assert photo.size_wh == ((48, 32) if orientation < 5 else (32, 48))
    assert corners_of(photo.rgb) == SHOWN[orientation]
    assert photo.rotation_deg == {1: 0, 2: 0, 3: 180, 4: 180, 5: 270, 6: 90, 7: 90, 8: 270}[orientation]
    assert any("mirrored" in text for text in photo.warnings) == (orientation in (2, 4, 5, 7))


@pytest.mark.parametrize("orientation", SHOWN)
def test_orientation_is_applied_once_in_heic(orientation: int, tmp_path: Path) -> None:
    """There the turn is a property of the picture; phones say it in EXIF as well, and that one must not count."""
    pillow_heif = pytest.importorskip("pillow_heif")
    path = tmp_path / "a.heic"
    image = Image.fromarray(np.kron(four_corners(), np.ones((4, 4, 1), np.uint8)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    pillow_heif.from_pillow(image).save(path, exif=exif.tobytes(), quality=90)
    photo = read_photo(path)
    upright = pillow_heif.open_heif(path)
    assert photo.size_wh == upright.size
    assert corners_of(photo.rgb) == corners_of(np.asarray(upright.to_pillow()))
    assert photo.hidden == ("exif",)


def test_damaged_exif_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(with_segments(encoded(four_corners()), segment(0xE1, b"Exif\0\0II*\0\xff\xff\xff\x7f")))
    photo = read_photo(path)
    assert photo.hidden == ("exif",)
    assert any("which way is up" in text for text in photo.warnings)


def gamma_encoded(rgb: np.ndarray, primaries: tuple[tuple[float, float], ...]) -> np.ndarray:
    """sRGB colours as numbers in a space of those primaries with gamma 2.2, by arithmetic of our own."""
    linear = np.where(rgb / 255 <= 0.04045, rgb / 255 / 12.92, ((rgb / 255 + 0.055) / 1.055) ** 2.4)

    def matrix(xy: tuple[tuple[float, float], ...]) -> np.ndarray:
        columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in xy]).T
        return columns * np.linalg.solve(columns, [0.95047, 1.0, 1.08883])

    there = linear @ (np.linalg.inv(matrix(primaries)) @ matrix(((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)))).T
    return np.round(np.clip(there, 0, 1) ** (1 / (round(2.2 * 256) / 256)) * 255).astype(np.uint8)


PATCHES = np.array([[224, 172, 140], [80, 120, 60], [40, 60, 160], [128, 128, 128], [200, 60, 60], [250, 240, 220]])


@pytest.mark.parametrize("primaries", [P3, ADOBE_RGB], ids=["display-p3", "adobe-rgb"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_wide_colours_become_srgb(primaries: tuple[tuple[float, float], ...], kind: str, tmp_path: Path) -> None:
    wanted = PATCHES.reshape(1, -1, 3).repeat(16, axis=0).repeat(16, axis=1)
    stored = gamma_encoded(wanted, primaries)
    assert np.abs(stored.astype(int) - wanted).max() > 8, "this profile would change nothing"
    path = tmp_path / "a"
    more = {"subsampling": 0} if kind == "JPEG" else {}
    path.write_bytes(encoded(stored, kind, icc_profile=icc_profile(primaries=primaries), **more))
    photo = read_photo(path)
    centres = photo.rgb[8, 8::16].astype(int)
    assert np.abs(centres - PATCHES).max() <= 4
    assert photo.hidden == ("icc",)


def test_a_profile_that_cant_be_used_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(with_segments(encoded(noise((64, 48))), segment(0xE2, b"ICC_PROFILE\0\1\1" + b"nonsense" * 30)))
    assert any("colour profile" in text for text in read_photo(path).warnings)


def test_an_srgb_profile_changes_nothing(tmp_path: Path) -> None:
    path, picture = tmp_path / "a.png", noise((64, 48))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path.write_bytes(encoded(picture, "PNG", icc_profile=profile))
    assert np.abs(read_photo(path).rgb.astype(int) - picture).max() <= 1


def saved(path: Path, image: Image.Image, kind: str, **options: object) -> np.ndarray:
    image.save(path, kind, **options)  # type: ignore[arg-type]
    return read_photo(path).rgb


def test_grey_palette_bilevel_and_cmyk(tmp_path: Path) -> None:
    grey = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (48, 1))
    want = np.repeat(grey[..., None], 3, axis=2)
    assert np.array_equal(saved(tmp_path / "grey", Image.fromarray(grey), "PNG"), want)
    assert np.abs(saved(tmp_path / "greyj", Image.fromarray(grey), "JPEG", quality=95).astype(int) - want).max() < 6
    colours = Image.fromarray(four_corners())
    assert np.array_equal(saved(tmp_path / "pal", colours.quantize(16), "PNG"), four_corners())
    two = Image.fromarray(grey).convert("1")
    assert np.array_equal(saved(tmp_path / "two", two, "PNG"), np.asarray(two.convert("RGB")))
    cmyk = saved(tmp_path / "cmyk", colours.convert("CMYK"), "JPEG", quality=95)
    assert corners_of(cmyk) == SHOWN[1]


def test_grey_profiles_are_followed(tmp_path: Path) -> None:
    grey = np.full((32, 48), 128, np.uint8)
    Image.fromarray(grey).save(tmp_path / "a.png", icc_profile=icc_profile(space=b"GRAY", gamma=1.0))
    # Half of the light is 188 in sRGB (IEC 61966-2-1).
    assert abs(int(read_photo(tmp_path / "a.png").rgb[16, 24, 0]) - 188) <= 2


def test_sixteen_bit(tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (8, 1))
    Image.fromarray(ramp).save(tmp_path / "grey.png")
    want = (ramp >> 8).astype(int)
    got = read_photo(tmp_path / "grey.png").rgb
    assert np.abs(got[..., 0].astype(int) - want).max() <= 1
    # Pillow writes no 16 bit colours, so this one is put together here.
    deep = np.stack([ramp, ramp[:, ::-1], ramp], axis=2).astype(">u2")
    raw = b"".join(b"\0" + row.tobytes() for row in deep)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 8, 16, 2, 0, 0, 0))
    (tmp_path / "rgb.png").write_bytes(data + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))
    got = read_photo(tmp_path / "rgb.png").rgb
    assert np.abs(got[..., 0].astype(int) - want).max() <= 1
    assert np.abs(got[..., 1].astype(int) - want[:, ::-1]).max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_lies_under_transparent_parts_is_gone(kind: str, tmp_path: Path) -> None:
    picture, _ = room((96, 64), 40)
    alpha = np.full((64, 96, 1), 255, np.uint8)
    alpha[:, :48] = 0
    image = Image.fromarray(np.concatenate([picture, alpha], axis=2))
    image.save(tmp_path / "a", kind, **({"lossless": True, "exact": True} if kind == "WEBP" else {}))
    photo = read_photo(tmp_path / "a")
    assert (photo.rgb[:, :48] == 255).all()
    assert np.array_equal(photo.rgb[:, 48:], picture[:, 48:])
    assert any("transparent" in text for text in photo.warnings)


def test_transparent_shades_of_grey_and_palette(tmp_path: Path) -> None:
    grey = np.full((16, 16), 40, np.uint8)
    grey[:8] = 200
    Image.fromarray(grey).save(tmp_path / "grey.png", transparency=40)
    assert (read_photo(tmp_path / "grey.png").rgb[8:] == 255).all()
    image = Image.fromarray(four_corners()).quantize(8)
    image.save(tmp_path / "pal.png", transparency=int(image.getpixel((2, 2))))  # type: ignore[arg-type]
    assert corners_of(read_photo(tmp_path / "pal.png").rgb) == ("white", "green", "blue", "white")


def apng(still: bytes) -> bytes:
    return with_chunks(still, chunk(b"acTL", struct.pack(">II", 2, 0)))


def animated_webp() -> bytes:
    out = BytesIO()
    frames = [Image.fromarray(noise((32, 32), seed=k)) for k in range(3)]
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:])
    return out.getvalue()


def declared(w: int, h: int) -> bytes:
    """A tiny PNG that says it is large."""
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0))
    return data + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


JPEG, PNG, WEBP = (encoded(noise((64, 48)), kind) for kind in ("JPEG", "PNG", "WEBP"))

REFUSED = {
    "cut JPEG": (JPEG[: len(JPEG) // 2], DamagedInput, "breaks off"),
    "JPEG without its end": (JPEG[:-2], DamagedInput, "breaks off"),
    "cut PNG": (PNG[: len(PNG) // 2], DamagedInput, "breaks off"),
    "PNG without its end": (PNG[:-12], DamagedInput, "breaks off"),
    "cut WebP": (WEBP[: len(WEBP) // 2], DamagedInput, "breaks off"),
    "PNG with a wrong sum": (PNG[:60] + bytes([PNG[60] ^ 255]) + PNG[61:], DamagedInput, "damaged"),
    "animated PNG": (apng(PNG), UnsupportedInput, "animated PNG"),
    "animated WebP": (animated_webp(), UnsupportedInput, "animated WebP"),
    "HDR PNG": (with_chunks(PNG, chunk(b"cICP", b"\x09\x10\0\1")), UnsupportedInput, "HDR"),
    "bomb": (declared(16384, 16384), UnsupportedInput, "too many pixels"),
    "just too large": (declared(9500, 9400), UnsupportedInput, "too many pixels"),
    "long": (declared(70000, 1), UnsupportedInput, "too many pixels"),
    "AVIF": (b"\0\0\0\x1cftypavif\0\0\0\0mif1avifmiaf", UnsupportedInput, "AVIF"),
    "text": (b"no photo at all", InputError, "no photo"),
    "empty": (b"", InputError, "no photo"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cant_be_read_right_is_refused(name: str, tmp_path: Path) -> None:
    data, kind, words = REFUSED[name]
    path = tmp_path / "a"
    path.write_bytes(data)
    with pytest.raises(kind, match=words) as caught:
        read_photo(path)
    assert caught.value.file == path
    assert "\n" not in str(caught.value)


def test_damage_anywhere_ends_in_one_line_or_a_whole_picture(tmp_path: Path) -> None:
    """Flipped, cut and doubled bytes: no other exception, and no picture of another size than it says."""
    rng = np.random.default_rng(7)
    path = tmp_path / "a"
    outcomes = set()
    for data in (
        JPEG,
        PNG,
        WEBP,
        with_segments(JPEG, segment(0xE1, b"Exif\0\0" + exif_block(text=b"abc", orientation=6))),
    ):
        for _ in range(60):
            bad = bytearray(data)
            for at in rng.integers(0, len(bad), rng.integers(1, 6)):
                bad[at] = int(rng.integers(0, 256))
            path.write_bytes(
                bytes(bad[: int(rng.integers(len(bad) // 2, len(bad) + 1))]) if rng.random() < 0.3 else bytes(bad)
            )
            try:
                outcomes.add(read_photo(path).rgb.ndim)
            except AvgError as error:
                outcomes.add(type(error).__name__)
    assert {3, "DamagedInput"} <= outcomes


def test_kinds_are_known_by_content_not_by_name(tmp_path: Path) -> None:
    for data, kind in ((JPEG, "jpeg"), (PNG, "png"), (WEBP, "webp"), (b"GIF89a" + b"\0" * 40, None), (b"", None)):
        (tmp_path / "x.txt").write_bytes(data)
        assert photo_kind(tmp_path / "x.txt") == kind
    (tmp_path / "x.txt").write_bytes(b"\0\0\0\x20ftypheic\0\0\0\0mif1heic" + b"\0" * 12)
    assert photo_kind(tmp_path / "x.txt") == "heif"
    (tmp_path / "x.txt").write_bytes(b"\0\0\0\x20ftypisom\0\0\0\0mif1avif" + b"\0" * 12)
    assert photo_kind(tmp_path / "x.txt") != "heif", "a recording"
    assert photo_kind(tmp_path) is None
    assert photo_kind(tmp_path / "none") is None


def test_heic_without_the_extra_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    path = tmp_path / "a.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    with pytest.raises(UnsupportedInput, match=r'pip install "avg-blur\[heic\]"'):
        read_photo(path)
