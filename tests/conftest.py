"""What holds for every test: the user's own folders and language have no part in it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The same examples every time, however long one takes: no run fails by chance.
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


@pytest.fixture(scope="session", autouse=True)
def requests_to_stop_are_heard() -> Iterator[None]:
    """Also where a script started the tests in the background or `nohup` did: all below would ignore some of them."""
    ordinary = {"SIGINT": signal.default_int_handler, "SIGHUP": signal.SIG_DFL, "SIGTERM": signal.SIG_DFL}
    numbers = {getattr(signal, name): handler for name, handler in ordinary.items() if hasattr(signal, name)}
    ignored = [number for number in numbers if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, numbers[number])
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture(scope="session", autouse=True)
def nobody_s_computer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keys, register and models of this computer stay as they are, and messages are in English."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVG_BLUR_DATA", str(folder))
        patch.setenv("AVG_BLUR_LANG", "en")
        yield folder


@pytest.fixture(autouse=True)
def no_register_yet(nobody_s_computer: Path) -> Iterator[None]:
    """No test finds the register that another one has begun: it would be asked about consents, and get rows."""
    yield
    for path in nobody_s_computer.glob("register.sqlite*"):
        path.unlink()
