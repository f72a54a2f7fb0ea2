"""Deadlines by name: at most one time per name, and the earliest of all. Keeps no clock."""

from __future__ import annotations

from heapq import heappop, heappush

Name = tuple[str, str]  # what it is for, and whose


class Deadlines:
    """A heap of times in ms; replaced and cleared ones are skipped when they come up."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, Name]] = []
        self._times: dict[Name, int] = {}

    def set(self, name: Name, at_ms: int) -> None:
        """Set or move the deadline of this name."""
        self._times[name] = at_ms
        heappush(self._heap, (at_ms, name))

    def clear(self, name: Name) -> None:
        """Forget the deadline of this name, if there is one."""
        self._times.pop(name, None)

    def time_ms(self, name: Name) -> int | None:
        """The deadline of this name, or None."""
        return self._times.get(name)

    def earliest_ms(self) -> int | None:
        """The next time something is due, or None."""
        while self._heap:
            at_ms, name = self._heap[0]
            if self._times.get(name) == at_ms:
                return at_ms
            heappop(self._heap)
        return None

    def take_due(self, now_ms: int) -> Name | None:
        """Remove and return one deadline that is due, the earliest first; None when none is."""
        at_ms = self.earliest_ms()
        if at_ms is None or at_ms > now_ms:
            return None
        name = heappop(self._heap)[1]
        del self._times[name]
        return name
