"""What the observer keeps of living channels: agents' legs and callers. No rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Leg:
    """An agent's leg as last seen."""

    offer: str
    contact: str
    channel: str
    up: bool = False
    heard: bool = False  # the phone was heard of: it rings, or more
    bridged: bool = False
    bridged_ms: int = 0  # 0: before we looked
    home: str = ""  # the bridge in which it met the caller; "": we did not look
    bridge: str = ""  # where it is now: elsewhere while the agent consults somebody by code
    held: bool = False
    hold_unsure: bool = False  # we did not look for a while: a hold, or its end, may have been missed
    hang_up_asked: bool = False  # the agent's side hung up
    asked_first: bool = False  # … and the caller's a moment later
    transferred: bool = False

    @property
    def at_home(self) -> bool:
        """Surely with the caller: it has not gone to consult somebody, so its end is no transfer."""
        return self.home != "" and self.bridge == self.home


@dataclass(slots=True)
class Caller:
    """A caller's channel as last seen."""

    channel: str
    hang_up_asked: bool = False
    agent_hung_up: bool = False
    last_words: Mapping[str, str] = field(default_factory=dict)  # of the dialplan, before the hang-up
