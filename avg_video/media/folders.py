"""Where this program keeps what belongs to the user and to no single recording: models, keys, the register."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path

__all__ = ["DATA_VARIABLE", "data_folder"]

DATA_VARIABLE = "AVG_BLUR_DATA"
"""Environment variable that names another folder."""


def data_folder() -> Path:
    """The folder; it need not exist yet."""
    chosen = os.environ.get(DATA_VARIABLE)
    return Path(chosen) if chosen else user_data_path("avg-blur", appauthor=False)
