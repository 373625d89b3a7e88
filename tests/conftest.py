"""What holds for every test: the user's own folders and language have no part in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def nobody_s_computer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keys, register and models of this computer stay as they are, and messages are in English."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVG_BLUR_DATA", str(tmp_path_factory.mktemp("data")))
        patch.setenv("AVG_BLUR_LANG", "en")
        yield
