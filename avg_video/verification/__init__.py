"""Checks a finished copy once more, from the file alone."""

from __future__ import annotations

from avg_video.verification.check import Fault, Verification, verify
from avg_video.verification.faces import Find

__all__ = ["Fault", "Find", "Verification", "verify"]
