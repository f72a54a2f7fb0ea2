"""Who else talks with a caller: phones that are in one bridge with a caller though no offer led there.

Told of every entry into a bridge; says whose leg has joined whose conversation. That is how an attended
transfer looks (the caller moves to the bridge of the consultation, or the colleague to the caller's), and a
third party who is taken in. It must not know what acd makes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from telephony import variables
from telephony.channels import ChannelSeen

SIDE = "s-"  # a segment that began as a call of the agent's own: this, and the leg's unique id


def segment_of(uniqueid: str) -> str:
    """The segment that a phone's own leg becomes when it joins a conversation."""
    return f"{SIDE}{uniqueid}"


def marked(leg: ChannelSeen, contact: str) -> ChannelSeen:
    """The leg as Asterisk would show it if it bore the marks of its part in the contact's conversation."""
    marks = {**leg.variables, variables.OFFER: segment_of(leg.uniqueid)}
    return replace(leg, accountcode=contact, variables=marks)


def in_talk(
    channels: Iterable[ChannelSeen], contact: str, is_theirs: Callable[[str], bool]
) -> list[ChannelSeen]:
    """The legs that a list of channels shows in one bridge with the contact's caller.

    is_theirs: whether a phone is one of those in question.
    """
    channels = list(channels)
    bridges = {one.bridge for one in channels if one.uniqueid == contact} - {""}
    return [one for one in channels if one.bridge in bridges and not one.offer and is_theirs(one.endpoint)]


@dataclass(frozen=True, slots=True)
class Joined:
    """A phone's leg and the contact whose caller it talks with."""

    contact: str
    leg: ChannelSeen
    since_ms: int  # when the leg began to talk, with whomever; 0: long ago, nobody knows


class Joins:
    """Callers and phones by the bridge that each entered last; bounded by the channels that live."""

    def __init__(self) -> None:
        self._callers: dict[str, str] = {}  # contact -> bridge
        # Unique id -> bridge, channel, and when it entered its first bridge.
        self._phones: dict[str, tuple[str, ChannelSeen, int]] = {}
        self._current: set[str] = set()  # whose bridge we know since we look

    def look_away(self) -> None:
        """No entry is told from now on: whoever is known may go elsewhere."""
        self._current.clear()

    def knows(self, uniqueid: str) -> bool:
        """Whether an entry of this channel was told since we look: a list of channels may be older."""
        return uniqueid in self._current

    def caller_entered(self, contact: str, bridge: str) -> list[Joined]:
        """The caller is in this bridge now; returns the phones that are there already."""
        self._callers[contact] = bridge
        self._current.add(contact)
        return [Joined(contact, leg, since_ms) for at, leg, since_ms in self._phones.values() if at == bridge]

    def phone_entered(self, leg: ChannelSeen, first_ms: int) -> list[Joined]:
        """A phone's leg that belongs to no offer is in a bridge now; returns the caller who is there.

        first_ms: when it entered its first bridge, unless it is known already.
        """
        _, _, since_ms = self._phones.get(leg.uniqueid, ("", leg, first_ms))
        self._current.add(leg.uniqueid)
        self._phones[leg.uniqueid] = (leg.bridge, leg, since_ms)
        return [Joined(contact, leg, since_ms) for contact, at in self._callers.items() if at == leg.bridge]

    def gone(self, uniqueid: str) -> None:
        """This channel has hung up, or its leg is known as part of a conversation now."""
        self._callers.pop(uniqueid, None)
        self._phones.pop(uniqueid, None)
        self._current.discard(uniqueid)
