"""The one place where a recording is opened: a plain local file, in a format from a list, and nothing it refers to."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import av
import av.error
from av.container import InputContainer

from avg_video.errors import DamagedInput, InputError, UnsupportedInput, UsageError
from avg_video.language import cause_of, mark, tr
from avg_video.media.index_mp4 import refuse_index
from avg_video.media.limits import MAX_PIXELS, MAX_STREAMS, STALL_S
from avg_video.media.watch import stalled, watched

__all__ = ["FORMATS", "open_plain"]

FORMATS = ("mov", "matroska", "webm", "avi", "mpegts", "mpeg", "flv", "asf", "gif", "ogg", "mxf", "dv", "nut")
"""FFmpeg demuxers that read one file and know when each picture is shown. Playlists (hls, dash, concat), network
descriptions (sdp, rtsp), devices, scripts and still pictures are not among them, so they are refused before any
of their content is followed."""

_OPTIONS = {
    # No protocol but plain files, so that nothing in the file can make FFmpeg open a network connection or a pipe.
    "protocol_whitelist": "file",
    "format_whitelist": ",".join(FORMATS),
    # One more than is allowed, so that it can be told from what is: FFmpeg passes over the rest without a word.
    "max_streams": str(MAX_STREAMS + 1),
    # MOV only: never follow references to other files.
    "enable_drefs": "0",
    "use_absolute_path": "0",
}

_ASF = b"\x30\x26\xb2\x75"
"""How a WMV or ASF file begins: the first bytes of its header's GUID."""

_REMEDY_FORMAT = mark("give a video file such as MP4, MOV, MKV, WebM, AVI or TS")


def open_plain(path: str | os.PathLike[str]) -> InputContainer:
    """Open a local recording for reading.

    Raises
    ------
    UsageError: nothing lies there, or it is a folder.
    InputError: no permission, empty, not a regular file, or not media.
    UnsupportedInput: a picture or sound size beyond the limits, or too many streams.
    DamagedInput: a known format whose beginning can't be read.
    """
    file = Path(path)
    _check_plain(file)
    _refuse_index(file)
    try:
        # An absolute path behind `file:` can't be taken for another protocol, an option or a number pattern,
        # whatever the name looks like. Tags in odd encodings must not stop the work: nothing uses their text.
        with watched(file):
            box = av.open(
                f"file:{file.absolute()}",
                "r",
                # Also for the decoders that FFmpeg opens by itself to look at the first pictures.
                options={"max_pixels": str(MAX_PIXELS)},
                container_options=dict(_OPTIONS),
                metadata_errors="replace",
                timeout=STALL_S,
            )
    except av.error.PermissionError as e:
        # The file could be read a moment ago. "Not permitted" is what FFmpeg says of a damaged WMV header.
        raise (_no_permission(file) if e.errno == errno.EACCES else _unreadable(file)) from e
    except av.error.ArgumentError as e:
        # What FFmpeg answers when the file's format is not on the list.
        raise InputError(tr("this kind of file is not read"), remedy=tr(_REMEDY_FORMAT), file=file) from e
    except (av.error.InvalidDataError, av.error.EOFError) as e:
        raise _unreadable(file) from e
    except av.error.ExitError as e:
        raise stalled(file) from e
    except (av.error.FFmpegError, ValueError, OSError) as e:
        if getattr(e, "errno", None) == errno.EIO:
            raise _unreadable(file) from e  # what FFmpeg says of a Matroska file that ends within its header
        reason = cause_of(e) or e
        raise InputError(
            tr("can't be opened ({why})", why=reason), remedy=tr("check the file in a video player"), file=file
        ) from e
    try:
        _check_limits(file, box)
    except BaseException:
        box.close()
        raise
    return box


def _check_plain(file: Path) -> None:
    try:
        state = file.stat()
        if stat.S_ISDIR(state.st_mode):
            raise UsageError(tr("is a folder"), remedy=tr("name one recording in it"), file=file)
        if not stat.S_ISREG(state.st_mode):
            raise InputError(tr("is not a regular file"), remedy=tr("copy the recording to disk first"), file=file)
        with file.open("rb") as f:
            empty = not f.read(1)
    except FileNotFoundError as e:
        raise UsageError(tr("not found"), remedy=tr("check the name and the folder"), file=file) from e
    except NotADirectoryError as e:
        raise UsageError(tr("not found"), remedy=tr("check the name and the folder"), file=file) from e
    except PermissionError as e:
        raise _no_permission(file) from e
    except (OSError, ValueError) as e:
        # Names that are too long or hold a zero byte, and disks that fail.
        reason = cause_of(e) or e
        raise InputError(
            tr("can't be read ({why})", why=reason), remedy=tr("check the name and the disk"), file=file
        ) from e
    if empty:
        raise InputError(tr("is empty"), remedy=tr("copy the recording from the camera again"), file=file)


def _refuse_index(file: Path) -> None:
    try:
        refuse_index(file)
    except (OSError, ValueError) as e:
        reason = cause_of(e) or e
        raise InputError(
            tr("can't be read ({why})", why=reason), remedy=tr("check the disk it is on"), file=file
        ) from e


def _no_permission(file: Path) -> InputError:
    return InputError(
        tr("no permission to read it"), remedy=tr("change the rights of the file or its folder"), file=file
    )


def _unreadable(file: Path) -> InputError:
    """Tell a recording whose beginning or index is lost from a file that never was one."""
    with file.open("rb") as f:
        head = f.read(12)
    known = head[4:8] in (b"ftyp", b"moov", b"mdat") or head[:4] in (b"\x1aE\xdf\xa3", b"RIFF", b"OggS", b"GIF8", _ASF)
    if known or head[:3] == b"FLV":
        return DamagedInput(
            tr("its index or its content is missing or damaged"),
            remedy=tr("copy it from the camera again, or repair it with another program first"),
            file=file,
        )
    return InputError(tr("is not a recording this program can read"), remedy=tr(_REMEDY_FORMAT), file=file)


def _check_limits(file: Path, box: InputContainer) -> None:
    if len(box.streams) > MAX_STREAMS:
        raise UnsupportedInput(
            tr("holds more than {most} streams", most=MAX_STREAMS),
            remedy=tr("keep one picture and one sound"),
            file=file,
        )
    for stream in box.streams.video:
        context = stream.codec_context
        # Streams without a decoder have no context, against what the stubs say.
        if context is not None and context.width * context.height > MAX_PIXELS:
            raise UnsupportedInput(
                tr("its pictures are too large ({width}x{height})", width=context.width, height=context.height),
                remedy=tr("scale it to 8K or less first"),
                file=file,
            )
