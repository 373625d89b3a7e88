"""The choices of one review: every step of them, so that each can be taken back and made again."""

from __future__ import annotations

from collections.abc import Callable

from avg_video.policy.document import Policy

__all__ = ["History"]

STEPS = 200
"""Steps that can be taken back; bounds memory."""


class History:
    """A row of policies, one of which holds now.

    Attributes
    ----------
    revision: grows with every change, also one that takes a step back, so that what was worked out for an older one
        can be told.
    """

    def __init__(self, first: Policy) -> None:
        self._steps = [first]
        self._at = 0
        self.revision = 1

    @property
    def now(self) -> Policy:
        """The policy that holds."""
        return self._steps[self._at]

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return self._at > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is one to make again."""
        return self._at < len(self._steps) - 1

    def step(self, policy: Policy) -> None:
        """A new policy holds; steps that were taken back are gone. One that is equal to the old is no step."""
        if policy.model_dump() == self.now.model_dump():  # whatever file it was read from
            return
        self._steps = [*self._steps[: self._at + 1], policy][-STEPS - 1 :]
        self._at = len(self._steps) - 1
        self.revision += 1

    def undo(self) -> None:
        """The policy before holds. Raises `IndexError` where there is none."""
        self._go(self.can_undo, lambda at: at - 1)

    def redo(self) -> None:
        """The policy after holds. Raises `IndexError` where there is none."""
        self._go(self.can_redo, lambda at: at + 1)

    def _go(self, can: bool, to: Callable[[int], int]) -> None:
        if not can:
            raise IndexError("no such step")
        self._at = to(self._at)
        self.revision += 1
