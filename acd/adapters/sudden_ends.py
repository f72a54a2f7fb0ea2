"""Agents' legs that are gone though nobody hung up: is a transfer about to be told?

Asterisk takes the transferring leg out of its bridge first and publishes the transfer afterwards
(`ast_bridge_transfer_blind`, `ast_bridge_transfer_attended`), from another thread than the one that ends
the leg. So Hangup may come before BlindTransfer or AttendedTransfer. Such a leg's end waits a moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from acd.adapters.legs import Leg

WAIT_S = 0.25
"""Told apart by thousandths of a second as a rule; a busy machine may put a thread off for longer."""


class SuddenEnds:
    """One per observer; what is kept is bounded by the agents' legs that end within `WAIT_S`."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Leg, asyncio.TimerHandle, Callable[[], None]]] = {}

    def keep(self, uniqueid: str, leg: Leg, end: Callable[[], None]) -> None:
        """Call `end` in `WAIT_S`, or when it is settled before."""
        timer = asyncio.get_running_loop().call_later(WAIT_S, self.settle, uniqueid)
        self._kept[uniqueid] = (leg, timer, end)

    def leg(self, uniqueid: str) -> Leg | None:
        """The leg whose end waits, if it does."""
        return self._kept[uniqueid][0] if uniqueid in self._kept else None

    def settle(self, uniqueid: str) -> None:
        """It is known why the leg ended, or will not be; does nothing if its end does not wait."""
        if uniqueid in self._kept:
            _, timer, end = self._kept.pop(uniqueid)
            timer.cancel()
            end()

    def settle_contact(self, contact: str) -> None:
        """The contact's caller leaves: nobody was transferred."""
        for uniqueid, (leg, _, _) in list(self._kept.items()):
            if leg.contact == contact:
                self.settle(uniqueid)

    def settle_all(self) -> None:
        """Nothing more will be heard, or a list of channels says more than events would."""
        for uniqueid in list(self._kept):
            self.settle(uniqueid)
