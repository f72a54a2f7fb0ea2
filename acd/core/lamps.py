"""Lamps of phones: what the keys for agents and queues show, as device states.

Source of the states: Asterisk, DEVICE_STATE(); a phone shows INUSE lit, RINGING blinking, NOT_INUSE dark.
This module must not know Asterisk's channels or who looks at a lamp.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from acd.core.views import AgentView, Entry

LIT, BLINKING, DARK = "INUSE", "RINGING", "NOT_INUSE"

_READY = {"ready": LIT, "offered": BLINKING}
_NOT_READY = {"not_ready": LIT, "not_responding": BLINKING}


def agent_lamps(number: str, view: AgentView) -> dict[str, str]:
    """The agent's two lamps by name: lit when ready (blinking while the phone rings); lit when not ready
    (blinking when not responding, for that wants a deed)."""
    return {
        f"ready-{number}": _READY.get(view.state, DARK),
        f"notready-{number}": _NOT_READY.get(view.state, DARK),
    }


def queue_lamps(queues: Iterable[str], entries: Mapping[str, Entry]) -> dict[str, str]:
    """Each queue's lamp by name: blinking while a caller waits in it."""
    waited = {entry.queue for entry in entries.values() if entry.answered_wait_ms < 0}
    return {f"waiting-{queue}": BLINKING if queue in waited else DARK for queue in queues}
