"""How long to pause before a crashed service is started again.

Pauses grow, so that a service which cannot run does not eat the machine; a long enough life forgives the
past. Knows nothing of processes or clocks.
"""

from __future__ import annotations

from dataclasses import dataclass

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
FORGIVEN_AFTER_S = 60.0


@dataclass(slots=True)
class RestartPolicy:
    """The pauses of one service: 1, 2, 4 … 30 s; back to 1 s once it has run for a minute."""

    crashes_in_a_row: int = 0

    def pause_s(self, ran_for_s: float) -> float:
        """Pause before the next start, in seconds, given how long the ended run lasted."""
        if ran_for_s >= FORGIVEN_AFTER_S:
            self.crashes_in_a_row = 0
        pause_s = min(FIRST_PAUSE_S * 2.0 ** min(self.crashes_in_a_row, 10), LONGEST_PAUSE_S)
        self.crashes_in_a_row += 1
        return pause_s
