"""Checks finished copies once more, from the files alone: their bytes, their records, and the log."""

from __future__ import annotations

from avg_video.verification.check import Verification, verify
from avg_video.verification.faces import Find
from avg_video.verification.folder import FolderVerification, verify_folder
from avg_video.verification.log import LogCheck, check_log
from avg_video.verification.papers import Fault

__all__ = [
    "Fault",
    "Find",
    "FolderVerification",
    "LogCheck",
    "Verification",
    "check_log",
    "verify",
    "verify_folder",
]
