"""Stages in threads: order, errors, early ends, and no thread left behind."""

from __future__ import annotations

import gc
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from avg_video.media.stages import prefetch
from tests.support.waiting import PATIENCE_S, until


class Counting:
    """A source that knows how far it was asked and whether it was closed."""

    def __init__(self, n: int, fail_at: int | None = None) -> None:
        self.n, self.fail_at, self.made, self.closed_in = n, fail_at, 0, ""

    def __iter__(self) -> Iterator[int]:
        for i in range(self.n):
            if i == self.fail_at:
                raise ValueError(f"broke at {i}")
            self.made += 1
            yield i

    def close(self) -> None:
        self.closed_in = threading.current_thread().name


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    gc.collect()
    until(lambda: set(threading.enumerate()) <= before)


def test_keeps_the_order_and_closes_the_source() -> None:
    source = Counting(500)
    assert list(prefetch(source, 3)) == list(range(500))
    assert source.closed_in == "avg-blur-stage"


def test_works_in_another_thread() -> None:
    seen = list(prefetch((threading.get_ident() for _ in range(3)), 1))
    assert threading.get_ident() not in seen


def test_never_runs_further_ahead_than_its_depth() -> None:
    source = Counting(100)
    with prefetch(source, 4) as stage:
        assert next(stage) == 0
        until(lambda: source.made == 6)  # one taken, four waiting, one made and waiting for room
        time.sleep(0.05)
        assert source.made == 6


def test_nothing_runs_before_the_first_item_is_asked_for() -> None:
    source = Counting(3)
    stage = prefetch(source, 2)
    time.sleep(0.02)
    assert source.made == 0
    stage.close()
    assert source.closed_in == threading.current_thread().name
    assert list(stage) == []


def test_an_error_comes_after_the_items_before_it() -> None:
    stage = prefetch(Counting(10, fail_at=3), 8)
    assert [next(stage), next(stage), next(stage)] == [0, 1, 2]
    with pytest.raises(ValueError, match="broke at 3"):
        next(stage)
    assert list(stage) == []


def test_an_error_of_any_kind_comes_through() -> None:
    def leave() -> Iterator[int]:
        yield 1
        raise SystemExit(7)

    stage = prefetch(leave(), 2)
    assert next(stage) == 1
    with pytest.raises(SystemExit, match="7"):
        next(stage)


def test_stopping_early_closes_the_source() -> None:
    source = Counting(10_000)
    stage = prefetch(source, 2)
    assert next(stage) == 0
    stage.close()
    assert source.closed_in == "avg-blur-stage"
    assert source.made <= 5
    assert list(stage) == []
    stage.close()


def test_a_generator_is_closed_from_within_its_thread() -> None:
    ended: list[str] = []

    def generator() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            ended.append(threading.current_thread().name)

    with prefetch(generator(), 2) as stage:
        next(stage)
    assert ended == ["avg-blur-stage"]


def test_dropping_the_last_reference_stops_the_thread() -> None:
    source = Counting(10_000)
    stage = prefetch(source, 2)
    next(stage)
    del stage
    gc.collect()
    until(lambda: source.closed_in != "")


def test_an_error_in_closing_is_not_swallowed() -> None:
    class Bad(Counting):
        def close(self) -> None:
            raise RuntimeError("could not close")

    with pytest.raises(RuntimeError, match="could not close"):
        list(prefetch(Bad(3), 2))
    stage = prefetch(Bad(300), 2)
    next(stage)
    with pytest.raises(RuntimeError, match="could not close"):
        stage.close()


@pytest.mark.parametrize("failing", ["inner", "middle", "outer"])
def test_nested_stages_each_raise(failing: str) -> None:
    source = Counting(1000, fail_at=50 if failing == "inner" else None)

    def through(items: Iterator[int], name: str) -> Iterator[int]:
        try:
            for i in items:
                if failing == name and i == 50:
                    raise KeyError(name)
                yield i
        finally:
            items.close()  # type: ignore[attr-defined]

    last = prefetch(through(prefetch(through(prefetch(source, 2), "middle"), 2), "outer"), 2)
    seen = []
    with pytest.raises((ValueError, KeyError)) as caught:
        seen.extend(last)
    assert seen == list(range(50))
    assert caught.type is (ValueError if failing == "inner" else KeyError)
    assert source.closed_in == "avg-blur-stage"


def test_the_consumers_own_error_ends_all_nested_stages() -> None:
    source = Counting(100_000)
    inner = prefetch(source, 2)
    with pytest.raises(ZeroDivisionError), prefetch(inner, 2) as stage:
        sum(1 / (i - 20) for i in stage)
    assert source.closed_in == "avg-blur-stage"
    assert source.made < 40


def test_an_interrupt_while_waiting_ends_the_stage() -> None:
    closed, waiting = threading.Event(), threading.Event()
    main = threading.main_thread().ident
    assert main is not None

    def slow() -> Iterator[int]:
        try:
            yield 1
            assert waiting.wait(PATIENCE_S)
            time.sleep(0.05)  # so that the main thread most probably waits by now; it is as good if not
            signal.pthread_kill(main, signal.SIGINT)
            yield 2
            yield 3
            yield 4
        finally:
            closed.set()

    def wait_for_all() -> None:
        waiting.set()
        list(stage)

    stage = prefetch(slow(), 1)
    assert next(stage) == 1
    with pytest.raises(KeyboardInterrupt):
        wait_for_all()
    assert closed.is_set()


def test_depth_is_checked() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        prefetch([1], 0)
