"""Makes lesson recordings safe to upload: covers faces, drops hidden data, keeps a record.

The names in `__all__` are the whole public surface. Everything but the errors is loaded on first use, so that
importing this package costs nothing and opens nothing.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

from avg_video.errors import (
    AvgError,
    CheckFailed,
    DamagedInput,
    EncoderFailed,
    InputError,
    Interrupted,
    ModelError,
    OutputError,
    PolicyError,
    RegisterError,
    UnsupportedInput,
    UsageError,
)

if TYPE_CHECKING:
    from avg_video.papers.office import Filed, Office
    from avg_video.pipeline import Outcome, Progress, Settings, analyse, anonymise
    from avg_video.policy.document import Policy, load_policy
    from avg_video.policy.plan import Plan
    from avg_video.record.model import Record
    from avg_video.record.store import read_record
    from avg_video.redact.paint import Style

__version__ = "0.3.0"

# Nothing here opens a network connection, and parts may not either. From 1.29 on, onnxruntime reports every session to
# its maker and keeps a lasting number for the computer in the user's cache folder, unless this is set before it is
# first imported. Set here, it holds in every process that has loaded any module of this package.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__all__ = [
    "AvgError",
    "CheckFailed",
    "DamagedInput",
    "EncoderFailed",
    "Filed",
    "InputError",
    "Interrupted",
    "ModelError",
    "Office",
    "Outcome",
    "OutputError",
    "Plan",
    "Policy",
    "PolicyError",
    "Progress",
    "Record",
    "RegisterError",
    "Settings",
    "Style",
    "UnsupportedInput",
    "UsageError",
    "__version__",
    "analyse",
    "anonymise",
    "load_policy",
    "read_record",
]

_WHERE = {
    "Filed": "avg_video.papers.office",
    "Office": "avg_video.papers.office",
    "Outcome": "avg_video.pipeline",
    "Plan": "avg_video.policy.plan",
    "Policy": "avg_video.policy.document",
    "Progress": "avg_video.pipeline",
    "Record": "avg_video.record.model",
    "Settings": "avg_video.pipeline",
    "Style": "avg_video.redact.paint",
    "analyse": "avg_video.pipeline",
    "anonymise": "avg_video.pipeline",
    "load_policy": "avg_video.policy.document",
    "read_record": "avg_video.record.store",
}


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module 'avg_video' has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_WHERE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
