"""Feeds the project's own parsers with bytes that a coverage-guided fuzzer (atheris) makes up.

Only the documented errors may come out. `pip install atheris` first; it is no dependency of the project.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from benchmarks.kinds import KINDS, make_kind

__all__ = ["TARGETS", "seeds_for"]

_SCRATCH = Path(tempfile.gettempdir())


def boxes(data: bytes) -> None:
    """The boxes of an MP4, walked."""
    from avg_video.media.boxes_mp4 import MalformedBox, walk

    with contextlib.suppress(MalformedBox):
        for box in walk(io.BytesIO(data), 0, len(data)):
            assert 0 <= box.start < box.payload <= box.end <= len(data), box


def inspection(data: bytes) -> None:
    """The inspection of a finished MP4: it may only name findings, in printable words."""
    from avg_video.media.inspect import inspect_file

    path = _scratch("inspected.mp4", data)
    for finding in inspect_file(path):
        assert finding.isprintable(), finding


def units(data: bytes) -> None:
    """NAL units, SEI messages and decoder configurations of H.264."""
    from avg_video.media import sei

    if not data:
        return
    head, rest = data[0], data[1:]
    with contextlib.suppress(sei.MalformedNal):
        if head & 4:
            sei.parse_avc_config(rest)
        found = sei.split_annex_b(rest) if head & 8 else sei.split_sample(rest, (head & 3) + 1)
        for nal in found:
            with contextlib.suppress(sei.MalformedNal):
                sei.sei_payload_types(nal)


def policy(data: bytes) -> None:
    """A policy file."""
    from avg_video.errors import PolicyError
    from avg_video.policy.document import load_policy

    with contextlib.suppress(PolicyError):
        load_policy(_scratch("fuzzed.avg.toml", data))


def plan(data: bytes) -> None:
    """A plan's file, as it lies on the disk."""
    from avg_video.errors import UsageError
    from avg_video.policy.plan import Plan

    with contextlib.suppress(UsageError):
        Plan.load(_scratch("fuzzed.avgplan", data))


def plan_parts(data: bytes) -> None:
    """A plan whose parts are `data`, each behind its length: packed here, so that no check sum is in the way."""
    out, at = io.BytesIO(), 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in _plan_names():
            size = int.from_bytes(data[at : at + 4], "little")
            archive.writestr(name, data[at + 4 : at + 4 + size])
            at += 4 + size
    plan(out.getvalue())


@lru_cache
def _plan_names() -> tuple[str, ...]:
    from avg_video.policy.columns import HEAD
    from avg_video.policy.plan import _COLUMNS

    return tuple(f"{name}.npy" for name in (HEAD, *_COLUMNS))


def _parts_of(saved: Path) -> bytes:
    with zipfile.ZipFile(saved) as archive:
        parts = [archive.read(name) for name in _plan_names()]
    return b"".join(len(part).to_bytes(4, "little") + part for part in parts)


def record(data: bytes) -> None:
    """A record."""
    from avg_video.errors import UsageError
    from avg_video.record.store import read_record

    with contextlib.suppress(UsageError):
        read_record(_scratch("fuzzed.avg.json", data))


def leftovers(data: bytes) -> None:
    """What a recording's structure holds besides pictures: MP4, Matroska, AVI, TS. And the size of its index."""
    from avg_video.errors import UnsupportedInput
    from avg_video.media.index_mp4 import refuse_index
    from avg_video.media.leftovers import hidden_in_file

    path = _scratch("looked-through", data)
    hidden_in_file(path)
    with contextlib.suppress(UnsupportedInput):
        if data:  # an empty file is refused before
            refuse_index(path)


_RIDDEN = ("h264", "hevc", "av1", "mpeg2video", "mpeg4", "mjpeg")


def riders(data: bytes) -> None:
    """What rides in packets: a codec, the length of its configuration, that, and a packet."""
    from avg_video.media.riders import Riders

    if len(data) > 3:
        end = 3 + int.from_bytes(data[1:3], "big")
        found = Riders(_RIDDEN[data[0] % len(_RIDDEN)], data[3:end])
        assert all(kind.isprintable() for kind in found.in_packet(data[end:]) | found.in_extradata)


def photos(data: bytes) -> None:
    """The parts of photos, what is hidden in them, and the inspection of finished ones."""
    from avg_video.media import photo_hidden
    from avg_video.media.photo_exif import read_exif
    from avg_video.media.photo_inspect import inspect_photo
    from avg_video.media.photo_parts import MalformedPhoto

    for contents in (photo_hidden.jpeg_contents, photo_hidden.png_contents, photo_hidden.webp_contents):
        with contextlib.suppress(MalformedPhoto):
            contents(data)
    with contextlib.suppress(MalformedPhoto):
        photo_hidden.heif_contents(data, data[:64], ())
    read_exif(data[-200:])
    for finding in inspect_photo(_scratch("inspected.photo", data)):
        assert finding.isprintable(), finding


TARGETS: dict[str, Callable[[bytes], None]] = {
    "boxes": boxes,
    "inspection": inspection,
    "units": units,
    "policy": policy,
    "plan": plan,
    "plan-parts": plan_parts,
    "record": record,
    "leftovers": leftovers,
    "riders": riders,
    "photos": photos,
}
"""What is fuzzed, by name; each takes bytes and raises only when something is wrong with the parser."""


def _scratch(name: str, data: bytes) -> Path:
    path = _SCRATCH / f"avg-fuzz-{os.getpid()}-{name}"
    path.write_bytes(data)
    return path


POLICY = b"""profile = "avg-school"
audio = "keep"
mute = [{ from = "00:00:01", to = 2.5 }]
[[consent_region]]
polygon = [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]
from = 0
to = "00:10:00"
[[objected]]
pupil = "L07"
at = { t = 1.5, x = 0.5, y = 0.5 }
seat = [[0, 0], [0.2, 0], [0.2, 0.2]]
[[show]]
who = "teacher"
at = { t = 0, x = 0.2, y = 0.3 }
"""


def seeds_for(name: str) -> list[bytes]:
    """Sound examples for a target, from which the fuzzer sets out."""
    from avg_video.policy.plan import Plan

    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        if name == "policy":
            return [POLICY]
        if name == "photos":
            return [make_kind(KINDS[f"photo/{suffix}"], top).read_bytes() for suffix in ("jpg", "png", "webp", "heic")]
        if name == "leftovers":
            return [
                make_kind(KINDS[kind], top).read_bytes() for kind in ("mp4/h264", "mkv/vp8", "avi/mpeg4", "ts/mpeg2")
            ]
        if name == "riders":
            return list(_packets(top))
        clip = make_kind(KINDS["mp4/h264"], top)
        from avg_video.pipeline import Settings, analyse, anonymise, record_path_for

        settings = Settings(detector="centerface", threads=1, preset="ultrafast", audio="keep")
        if name in ("plan", "plan-parts"):
            found: Plan = analyse(clip, settings)
            found.save(top / "p.avgplan")
            return [(top / "p.avgplan").read_bytes() if name == "plan" else _parts_of(top / "p.avgplan")]
        done = anonymise(clip, top / "out.avg.mp4", settings=settings)
        if name == "record":
            return [record_path_for(done.output).read_bytes()]
        film = done.output.read_bytes()
        if name == "units":
            at = film.rindex(b"mdat") + 4
            return [b"\x03" + film[at : at + 600], b"\x0b\0\0\1\6\5\4abcd\x80\0\0\1\x65\x88", b"\x04" + _config(film)]
        return [film, clip.read_bytes()]


def _packets(folder: Path) -> Iterator[bytes]:
    """The first packet of each codec that can carry riders, behind its configuration."""
    import av

    for number, kind in enumerate(("mp4/h264", "mp4/hevc", "mp4/av1", "ts/mpeg2", "avi/mpeg4", "avi/mjpeg")):
        with av.open(str(make_kind(KINDS[kind], folder))) as box:
            extra = box.streams.video[0].codec_context.extradata or b""
            packet = next(box.demux(box.streams.video[0]))
            yield bytes([number]) + len(extra).to_bytes(2, "big") + extra + bytes(packet)


def _config(film: bytes) -> bytes:
    at = film.index(b"avcC")
    return film[at + 4 : at - 4 + int.from_bytes(film[at - 4 : at], "big")]


def main(words: Sequence[str] | None = None) -> int:
    """Fuzz one target for some seconds; 1 if something was found, and then the input lies in `--findings`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz_parsers", description=__doc__.splitlines()[0])
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--longest", type=int, default=16384, help="most bytes of an input")
    parser.add_argument("--findings", type=Path, default=Path.cwd(), metavar="FOLDER", help="where inputs that fail go")
    chosen = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        # In a process of its own: atheris ends the one it runs in, without a chance to tidy up.
        child = os.fork()
        if child == 0:
            _fuzz(chosen, Path(folder))
        return int(os.waitpid(child, 0)[1] != 0)


def _fuzz(chosen: argparse.Namespace, folder: Path) -> None:
    """Never returns."""
    global _SCRATCH
    import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]

    _SCRATCH = folder
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(seeds_for(chosen.target)):
        (corpus / str(number)).write_bytes(seed)
    watched = ["avg_video", "tomllib"]  # TOML too, or the fuzzer would not learn to write any
    with atheris.instrument_imports(include=watched):
        for module in [m for m in sys.modules if m.split(".")[0] in watched]:
            del sys.modules[module]  # loaded for the examples; once more, with counters
        import avg_video.media.index_mp4
        import avg_video.media.inspect
        import avg_video.media.leftovers
        import avg_video.media.photo_hidden
        import avg_video.media.photo_inspect
        import avg_video.media.riders
        import avg_video.policy.document
        import avg_video.policy.plan
        import avg_video.record.store  # noqa: F401
    flags = [f"-max_total_time={chosen.seconds}", f"-max_len={chosen.longest}", "-timeout=20", "-rss_limit_mb=4096"]
    flags += [f"-artifact_prefix={chosen.findings}/{chosen.target}-", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *flags, str(corpus)], TARGETS[chosen.target])
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
