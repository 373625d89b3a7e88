"""What rounding CenterFace to whole numbers costs: its hits beside those of the same network in float32, and the time.

usage: python -m benchmarks.int8 [--every 50] [--threads 2] CLIP [CLIP ...]

Both look at the same pictures, at the two sizes of whole pictures. Needs models/weights/centerface.onnx, which a build
leaves. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from avg_video.detect.boxes import Boxes
from avg_video.detect.centerface import CenterFace
from avg_video.detect.detector import Detector
from avg_video.detect.looks import LookSettings
from avg_video.detect.views import scaled
from avg_video.media.reader import VideoReader
from hatch_build import RAW, free_graph

ROOT = Path(__file__).parents[1]
SAME_IOU = 0.4
"""Two hits that overlap by so much are the same face."""
BANDS = (0.115, 0.2, 0.4, 1.01)
"""Limits of the scores that are counted apart; hits are reported from the first, and sure from the last but one."""

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]


def float_centerface(threads: int = 2) -> CenterFace:
    """The detector with the weights as they were published, in float32."""
    detector = CenterFace(threads=threads)
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    graph = free_graph((ROOT / RAW).read_bytes())
    # The one place that needs another graph than the manifest's; the program itself must never run one.
    detector._network._session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return detector


def pictures(clips: Iterable[Path], every: int) -> Iterator[U8]:
    """uint8 (h, w, 3): one picture in `every` of each clip, at both sizes of looks at the whole picture."""
    for clip in clips:
        with VideoReader(clip) as reader:
            for picture in reader:
                if picture.index % every == 0:
                    for wide in LookSettings().wide_px:
                        scale = min(wide / max(picture.size_wh), LookSettings().enlarge)
                        yield picture.bgr(scaled(picture.size_wh, scale))


def iou(a: F32, b: F32) -> F32:
    """Intersection over union of boxes (n, 4) and (m, 4): (n, m)."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = [(box[:, 2:] - box[:, :2]).prod(axis=1) for box in (a, b)]
    return np.asarray(shared / np.maximum(areas[0][:, None] + areas[1][None] - shared, 1e-6), np.float32)


def compare(whole: Detector, floating: Detector, seen: Iterable[U8]) -> dict[str, Any]:
    """Counts by band of the float network's scores, the difference of scores and boxes, and the time of both.

    `lost`: hits of the float network that the whole one does not report; `new`: the other way round.
    """
    hits, lost, new = ([0] * (len(BANDS) - 1) for _ in range(3))
    differences: list[float] = []
    overlaps: list[float] = []
    took = {"whole": 0.0, "float": 0.0}

    def ask(name: str, detector: Detector, bgr: U8) -> Boxes:
        start = time.process_time()
        found = detector(bgr, BANDS[0])
        took[name] += time.process_time() - start
        return found

    count = 0
    for bgr in seen:
        ours, theirs = ask("whole", whole, bgr), ask("float", floating, bgr)
        if count == 0:  # the first picture pays for setting up
            took = dict.fromkeys(took, 0.0)
        count += 1
        same = iou(theirs.boxes_xyxy, ours.boxes_xyxy)
        for mine, others, table in ((theirs, same, lost), (ours, same.T, new)):
            unmatched = (others < SAME_IOU).all(axis=1)
            for band, alone in zip(np.searchsorted(BANDS, mine.scores, "right") - 1, unmatched, strict=True):
                table[band] += int(alone)
                hits[band] += table is lost
        if same.size:
            found = same.max(axis=1) >= SAME_IOU
            best = same.argmax(axis=1)[found]
            differences += (ours.scores[best] - theirs.scores[found]).tolist()
            overlaps += same.max(axis=1)[found].tolist()
    return {
        "pictures": count,
        "scores_from": list(BANDS[:-1]),
        "hits": hits,
        "lost": lost,
        "new": new,
        "score_difference": [round(float(f(differences)), 4) for f in (np.mean, np.std)],
        "box_iou": round(float(np.mean(overlaps)), 3),
        "time_share": round(took["whole"] / took["float"], 2),
    }


def main() -> None:
    """Read the command line, compare, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.int8", description=__doc__.splitlines()[0])
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP")
    parser.add_argument("--every", type=int, default=50, help="pictures from one that is used to the next")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    seen = pictures(args.clips, args.every)
    found = compare(CenterFace(threads=args.threads), float_centerface(args.threads), seen)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
