"""Calls of phones that are no offers, seen in AMI: they make the agent there communicating.

A phone's channel without an offer's id counts once it rings, dials, or talks; not one that only dials a
feature code (the dialplan's context "desk"). Must not know agents: the distributor knows who sits where.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping

from acd.core.events import PhoneFree, PhoneInUse
from acd.engine import Engine
from telephony.channels import ChannelSeen, channel_seen, endpoint_of

MOST_GONE = 2000
DESK = "desk"
DIALLING = "from-phone"  # the context in which a phone's channel begins, and stays when it is rung


class OwnCalls:
    """One per observer. is_phone: whether this is the name of a phone of ours."""

    def __init__(self, engine: Engine, is_phone: Callable[[str], bool]) -> None:
        self._engine = engine
        self._is_phone = is_phone
        self._phones: dict[str, str] = {}  # unique id of the channel -> phone
        self._gone: deque[str] = deque(maxlen=MOST_GONE)  # unique ids, which a list under way may still show

    @property
    def channels(self) -> Collection[str]:
        """Unique ids of the channels that count now."""
        return self._phones.keys()

    def on_message(self, message: Mapping[str, str]) -> None:
        """One of AMI's events, whatever it is about."""
        match message["Event"]:
            case "DialBegin":
                self._look(message)
                self._look(message, "Dest")
            case "BridgeEnter":
                self._look(message)
            case "UserEvent" if message.get("UserEvent") == "HotlineContact":
                self._look(message)  # the phone calls the hotline itself
            case "Newstate" if message.get("ChannelStateDesc") == "Up":
                self._look(message)
            case "Hangup":
                self.ended(message.get("Uniqueid", ""))

    def _look(self, message: Mapping[str, str], prefix: str = "") -> None:
        if self._is_phone(endpoint_of(message.get(f"{prefix}Channel", ""))):  # to read all of it takes longer
            self.see(channel_seen(message, prefix))

    def see(self, channel: ChannelSeen) -> None:
        """A channel rings, dials, or talks."""
        if channel.uniqueid in self._phones or not self._is_own(channel):
            return
        phone = channel.endpoint
        first = phone not in self._phones.values()
        self._phones[channel.uniqueid] = phone
        if first:
            self._engine.handle(PhoneInUse(phone))

    def ended(self, uniqueid: str) -> None:
        """A channel has hung up."""
        self._gone.append(uniqueid)
        phone = self._phones.pop(uniqueid, None)
        if phone is not None and phone not in self._phones.values():
            self._engine.handle(PhoneFree(phone))

    def judge(self, shown: Iterable[ChannelSeen], doubtful: Collection[str]) -> tuple[str, ...]:
        """A list of channels has come; returns the phones that are in use, for the snapshot.

        Of those that were `doubtful` when it was asked for, only what it shows lives.
        """
        gone = frozenset(self._gone)
        channels = {one.uniqueid: one for one in shown if one.uniqueid not in gone}
        for uniqueid in [one for one in self._phones if one in doubtful and one not in channels]:
            del self._phones[uniqueid]
        for one in channels.values():
            settled = one.is_up or one.is_ringing or one.context != DIALLING
            if settled and self._is_own(one):
                self._phones[one.uniqueid] = one.endpoint
        return tuple(dict.fromkeys(self._phones.values()))

    def _is_own(self, channel: ChannelSeen) -> bool:
        return not channel.offer and channel.context != DESK and self._is_phone(channel.endpoint)
