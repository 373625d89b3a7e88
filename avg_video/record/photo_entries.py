"""Turn what is known about a photo into lines of the record, in the same form as a recording of one picture."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from avg_video.media.photo_read import Photo
from avg_video.media.photo_write import PhotoEncoder
from avg_video.record.hashes import sha256_file
from avg_video.record.model import InputEntry, OutputEntry, SoundEntry

__all__ = ["photo_input_entry", "photo_output_entry"]


def photo_input_entry(photo: Photo, neighbours: Mapping[str, int] | None) -> InputEntry:
    """The photo that went in, which lasts no time; `neighbours` as for a recording."""
    return InputEntry.model_validate(
        {
            "sha256": photo.sha256,
            "bytes": photo.bytes_n,
            "container": photo.container,
            "codec": photo.codec,
            "size_wh": photo.size_wh,
            "rotation_deg": photo.rotation_deg,
            "declared_seconds": None,
            "declared_frames": None,
            "decoded_frames": 1,
            "decoded_seconds": 0.0,
            "hidden": photo.hidden,
            "neighbours": None if neighbours is None else dict(neighbours),
        }
    )


def photo_output_entry(
    path: Path, photo: Photo, encoder: PhotoEncoder, style: str, inspected: Collection[str]
) -> OutputEntry:
    """The finished photo at `path`; `inspected` is what it was searched for before it got its name."""
    return OutputEntry(
        sha256=sha256_file(path),
        bytes=path.stat().st_size,
        frames=1,
        seconds=0.0,
        size_wh=photo.size_wh,
        encoder=encoder.name,
        encoder_options=dict(encoder.options),
        style=style,
        sound=SoundEntry(kept=False, muted_seconds=0.0),
        inspected=tuple(inspected),
    )
