"""One stage of work in a thread of its own, so that decoding, looking and encoding go on side by side."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Generic, TypeVar

__all__ = ["Prefetch", "prefetch"]

T = TypeVar("T")


def prefetch(iterable: Iterable[T], depth: int) -> Prefetch[T]:
    """Run `iterable` in a thread of its own, at most `depth` items ahead of whoever takes them; see `Prefetch`."""
    return Prefetch(iterable, depth)


class Prefetch(Generic[T]):
    """An iterator over the same items in the same order, made by a thread that works ahead.

    The thread starts with the first item asked for. Whatever the source raises, of any kind, is raised here after the
    items that came before it. `close()`, leaving the `with` block, or dropping the last reference stops the thread,
    closes the source (in that thread, since a running generator can't be closed from outside) and waits for both.

    Parameters
    ----------
    iterable: the source; its `close()` is called at the end where it has one.
    depth: how many finished items may wait, at least 1. More smooths out uneven stages and costs memory.

    Raises `ValueError` when `depth` is less than 1.
    """

    def __init__(self, iterable: Iterable[T], depth: int) -> None:
        self._shared: _Shared[T] | None = None  # set first: __del__ also runs when the next line raises
        if depth < 1:
            raise ValueError(f"depth: expected at least 1, got {depth}")
        self._shared = _Shared(iterable, depth)
        # The thread holds the shared part only, never this object, so that dropping this object can end the thread.
        self._thread = threading.Thread(target=self._shared.produce, name="avg-blur-stage", daemon=True)

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        shared = self._shared
        if shared is None:
            raise StopIteration
        if self._thread.ident is None:
            self._thread.start()
        try:
            found, item = shared.take()
        except BaseException:
            # An interrupt while waiting: end the thread before the caller sees it, as a generator's `finally` would.
            self.close()
            raise
        if found:
            return item[0]
        self._finish(shared)
        raise StopIteration

    def _finish(self, shared: _Shared[T]) -> None:
        """The source has ended: wait for the thread and pass on what it raised."""
        self._shared = None
        self._thread.join()
        if shared.error is not None:
            raise shared.error

    def close(self) -> None:
        """Stop early. Items not taken are dropped, and so is an error of the source that nobody had got to yet.

        Raises what the source's own `close()` raises. Calling it twice does nothing.
        """
        shared, self._shared = self._shared, None
        if shared is None:
            return
        if self._thread.ident is None:
            shared.close_source()
        else:
            shared.stop()
            self._thread.join()
        if shared.close_error is not None:
            raise shared.close_error

    def __enter__(self) -> Prefetch[T]:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        shared = self._shared
        if shared is not None and self._thread.ident is not None:
            shared.stop()  # without waiting: this may run in any thread, at any moment


class _Shared(Generic[T]):
    """What the two threads share: a bounded queue and how it ended."""

    def __init__(self, iterable: Iterable[T], depth: int) -> None:
        self._iterable = iterable
        self._depth = depth
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._stopped = False
        self._ended = False
        self.error: BaseException | None = None
        self.close_error: BaseException | None = None

    def produce(self) -> None:
        """The thread's work: fill the queue until the source ends, fails, or nobody wants more."""
        error: BaseException | None = None
        try:
            for item in self._iterable:
                if not self._put(item):
                    break
                del item  # or the last item would live on, a whole picture, while the next one is made
        except BaseException as raised:  # noqa: BLE001 -- it is raised again where the items are taken
            error = raised
        self.close_source()
        with self._changed:
            self.error = error or self.close_error
            self._ended = True
            self._changed.notify_all()

    def close_source(self) -> None:
        """Close the source where it can be closed, and keep what that raises."""
        close = getattr(self._iterable, "close", None)
        if close is None:
            return
        try:
            close()
        except BaseException as raised:  # noqa: BLE001 -- it is raised again by whoever ends the stage
            self.close_error = raised

    def _put(self, item: T) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or len(self._items) < self._depth)
            if self._stopped:
                return False
            self._items.append(item)
            self._changed.notify_all()
            return True

    def take(self) -> tuple[bool, tuple[T, ...]]:
        """The next item (as a tuple of one), waiting for it; `(False, ())` when there is no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._ended)
            if not self._items:
                return False, ()
            item = self._items.popleft()
            self._changed.notify_all()
            return True, (item,)

    def stop(self) -> None:
        """Tell the thread that nobody wants more."""
        with self._changed:
            self._stopped = True
            self._items.clear()
            self._changed.notify_all()
