"""The AMI link between the model of Asterisk and acd: what is told, what a gap hides, the lists."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from simulated_wires import Wire

from acd.core import events

if TYPE_CHECKING:
    from simulated_asterisk import SimulatedAsterisk

_IN_CEL = (events.OfferAnswered, events.OfferConnected, events.LegEnded, events.CallerHungUp)
"""What Asterisk's own file tells with its time."""


class Link:
    """One link at a time, with all that is told by it; also of phones' own calls."""

    def __init__(self, asterisk: SimulatedAsterisk) -> None:
        self._asterisk = asterisk
        self._schedule, self._rng, self._tell = asterisk.schedule, asterisk.rng, asterisk.tell
        self.stall_ms = 0  # the link is that much behind
        self.in_use: dict[str, None] = {}  # phones with a call of their own
        self._use_told: dict[str, tuple[bool, int]] = {}  # phone -> what acd was told last, and when
        self._ami: Wire | None = None
        self._cel: list[events.Event] = []  # what nobody was told of

    def _ami_delay_ms(self) -> int:
        return self.stall_ms + (
            self._rng.randrange(6) if self._rng.random() < 0.9 else self._rng.randrange(300)
        )

    def say(self, event: events.Event) -> None:
        """Tell acd; without a link some of it stays in Asterisk's own file."""
        if self._ami is not None:
            self._ami.send(self._tell, event)
        elif isinstance(event, _IN_CEL):
            self._cel.append(replace(event, at_ms=self._schedule.now_ms))

    @property
    def is_up(self) -> bool:
        """Whether acd and Asterisk are joined by AMI."""
        return self._ami is not None

    def lose(self) -> None:
        """The AMI link breaks: what is under way and what happens meanwhile is never told."""
        if self._ami is not None:
            self._ami.cut()
            self._ami = None

    def restore(self, *, restarted: bool = False) -> None:
        """The link is up again: subscribed first, then the list of channels is asked for."""
        if self._asterisk.is_down or self._ami is not None:
            return
        self._ami = Wire(self._schedule, self._ami_delay_ms)
        if self._rng.random() < 0.6:
            for event in self._cel:  # Asterisk's own file tells of the gap, and when it was
                self.say(event)
        self._cel = []
        self._take_snapshot(self._schedule.now_ms, self._ami, restarted)

    def ask_list(self) -> None:
        """acd asks for the list of channels."""
        self._take_snapshot(self._schedule.now_ms, self._ami)

    def _take_snapshot(self, asked_ms: int, ami: Wire | None, restarted: bool = False) -> None:
        if ami is not None and ami is self._ami:
            self._schedule.after(self._rng.randrange(1, 20), self._list_channels, asked_ms, ami, restarted)

    def _list_channels(self, asked_ms: int, ami: Wire, restarted: bool) -> None:
        if ami is not self._ami:
            return
        snapshot = events.AsteriskSnapshot(
            contacts=tuple(self._asterisk.callers),
            legs=tuple(
                events.LiveLeg(leg.offer, leg.contact, leg.agent, leg.state)
                for leg in self._asterisk.legs.values()
            ),
            restarted=restarted,
            waiting=tuple(one.contact for one in self._asterisk.callers.values() if one.place == "waiting"),
            asked_ms=asked_ms,
            phones_in_use=tuple(self.in_use),
        )
        # The list takes time: changes seen meanwhile are told before it is complete.
        self._schedule.after(self._rng.choice((1, 9, 300)), self._finish_list, snapshot, ami)

    def _finish_list(self, snapshot: events.AsteriskSnapshot, ami: Wire) -> None:
        if ami is self._ami:
            ami.send(self._tell_snapshot, snapshot)

    def _tell_snapshot(self, snapshot: events.AsteriskSnapshot) -> None:
        """What acd was told of a phone after it asked is newer than the list."""
        assert snapshot.asked_ms is not None
        uses = dict.fromkeys(snapshot.phones_in_use, True)
        for phone, (in_use, at_ms) in self._use_told.items():
            if at_ms >= snapshot.asked_ms:
                uses[phone] = in_use
        self._tell(replace(snapshot, phones_in_use=tuple(phone for phone in uses if uses[phone])))

    def begin_own_call(self, phone: str, lasts_ms: int) -> None:
        """A phone dials somebody, or is called by a colleague."""
        if phone not in self.in_use:
            self.in_use[phone] = None
            self._say_of_phone(phone, True)
            self._schedule.after(lasts_ms, self._end_own_call, phone)

    def _end_own_call(self, phone: str) -> None:
        if self.in_use.pop(phone, "") is None:
            self._say_of_phone(phone, False)

    def _say_of_phone(self, phone: str, in_use: bool) -> None:
        if self._ami is not None:
            self._ami.send(self._tell_of_phone, phone, in_use)

    def _tell_of_phone(self, phone: str, in_use: bool) -> None:
        self._use_told[phone] = in_use, self._schedule.now_ms
        self._tell(events.PhoneInUse(phone) if in_use else events.PhoneFree(phone))

    def forget_told(self) -> None:
        """acd has died, and with it what it was told of phones."""
        self._use_told.clear()

    def forget_phones(self) -> None:
        """Asterisk has died: its phones have no calls, and nothing of before is in its file."""
        self.in_use.clear()
        self._cel = []
