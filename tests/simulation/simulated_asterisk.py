"""A model of Asterisk and of the wires between it and acd, for the fault simulator.

It holds the truth: which callers' and agents' channels live, what Dial does, who talks with whom. acd is told
through wires that keep the order on each wire (one AMI link, one FastAGI session per caller) and delay
everything at random, so that whatever comes on two wires can come in either order, as in reality. It breaks
a promise itself when it is asked for what must never be asked: two Dials for a caller, two legs for an agent.
Everything random comes from one generator, so that a seed repeats a run exactly. The AMI link is in
`simulated_link`, what Dial does in `simulated_dials`; here are callers, their sessions, and disasters.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from promise_broken import PromiseBrokenError
from simulated_channels import Caller, Leg, Session
from simulated_dials import Dials
from simulated_link import Link
from simulated_wires import Schedule, Wire

from acd.core import events
from acd.core.commands import (
    CancelOffer,
    Command,
    FetchCall,
    OfferCall,
    RefuseCall,
    SendToOverflow,
    TakeSnapshot,
)

REACH_MS = 20_000


class SimulatedAsterisk:
    """Channels, Dial, wires. `tell` hands an event to acd; is_listening: acd accepts sessions.

    place_kept: since when the caller of a contact, asking for a queue, counts as waiting (ms); 0: since now.
    """

    def __init__(
        self,
        schedule: Schedule,
        rng: random.Random,
        tell: Callable[[events.Event], None],
        place_kept: Callable[[str, str], int],
    ) -> None:
        self.schedule = schedule
        self.rng = rng
        self.tell = tell
        self.place_kept = place_kept
        self.is_listening = False
        self.is_down = False
        self.is_calm = False  # no fault any more, every phone is answered
        self.drops_next = False  # the next end of a leg is not told
        self.unreachable: dict[str, bool] = {}  # phone -> not registered
        self.colleagues: tuple[str, ...] = ()  # to whom a caller may be transferred
        self.callers: dict[str, Caller] = {}
        self.legs: dict[str, Leg] = {}
        self.ended: list[Caller] = []
        self._attached: dict[str, Session] = {}  # what acd's shell holds
        self.link = Link(self)
        self.dials = Dials(self)

    def _agi_delay_ms(self) -> int:
        return self.rng.randrange(6) if self.rng.random() < 0.95 else self.rng.randrange(400)

    # Callers

    def arrive(self, caller: Caller) -> None:
        """A new caller asks for an agent."""
        self.callers[caller.contact] = caller
        self.open_session(caller)
        if caller.patience_ms is not None:
            self.schedule.after(caller.patience_ms, self.lose_patience, caller)
        if not caller.reach_ms and self.rng.random() < 0.2:
            self.schedule.after(self.rng.randrange(200, 40_000), self.withdraw, caller, "callback")

    def open_session(self, caller: Caller) -> None:
        """The dialplan asks acd for an agent, again and again until it listens."""
        if not caller.is_alive or caller.place != "waiting" or caller.session or caller.dial:
            return
        if not self.is_listening:
            self.schedule.after(1000, self.open_session, caller)
            return
        caller.session = Session(caller, Wire(self.schedule, self._agi_delay_ms))
        caller.session.wire.send(self._session_opened, caller.session, caller.arrival())

    def _session_opened(self, session: Session, arrival: events.CallArrived) -> None:
        self._attached[arrival.contact] = session
        if session.caller.is_alive:
            session.caller.known_entry = arrival.entry
        kept_ms = self.place_kept(arrival.contact, arrival.queue)
        place_ms = min((one for one in (arrival.place_since_ms, kept_ms) if one), default=0)
        session.caller.place_since_ms = place_ms or arrival.wait_since_ms
        self.tell(replace(arrival, place_since_ms=place_ms))
        if self.is_listening:
            session.caller.aim = session.caller.fallback = ""  # the journal has them now

    def _close_session(self, caller: Caller) -> None:
        session, caller.session = caller.session, None
        if session is not None:
            session.is_open = False
            session.wire.send(self._session_closed, session)

    def _session_closed(self, session: Session) -> None:
        contact = session.caller.contact
        if self._attached.get(contact) is session:
            del self._attached[contact]
            self.tell(events.SessionLost(contact))

    def cut_session(self, caller: Caller) -> None:
        """The connection breaks; the channel lives, a Dial goes on, else the dialplan asks again."""
        self._close_session(caller)
        self.schedule.after(self.rng.randrange(1, 1000), self.open_session, caller)

    def lose_patience(self, caller: Caller) -> None:
        """A caller who still waits, or whose agent's phone rings, hangs up."""
        if caller.is_alive and caller.place == "waiting":
            self.hang_up(caller)

    def hang_up(self, caller: Caller) -> None:
        """The caller hangs up, whatever is under way."""
        if not caller.is_alive:
            return
        legs = list(caller.dial.legs) if caller.dial else []
        talked = any(leg.state == "bridged" for leg in legs)
        caller_first = self.rng.random() < 0.5
        if caller_first:
            self.link.say(events.CallerHungUp(caller.contact))
        for leg in legs:
            # Whose hang-up it was is known of a conversation; of a ringing phone there is only cause 26.
            if not leg.is_ending:
                end = events.LegEnded(leg.offer, 16 if talked else 26, "caller" if talked else "")
                self.dials.end_leg(leg, end)
        if not caller_first:
            self.link.say(events.CallerHungUp(caller.contact))
        if caller.place == "waiting" or (legs and not talked):
            # One who hangs up before acd was told of the arrival may count as abandoned or not at all.
            caller.ends.append("abandoned" if caller.known_entry == caller.entry else "unheard")
        self._remove(caller)

    def _remove(self, caller: Caller) -> None:
        caller.is_alive = False
        caller.dial = None
        self._close_session(caller)
        del self.callers[caller.contact]
        self.ended.append(caller)

    def withdraw(self, caller: Caller, to: str = "voicemail") -> None:
        """The caller presses a key while waiting and goes elsewhere; to: voicemail or callback."""
        if caller.place != "waiting" or caller.dial or caller.session is None:
            return
        caller.session.wire.send(self.tell, events.CallWithdrawn(caller.contact, to))
        caller.ends.append("out")
        if to == "callback":
            self.schedule.after(self.rng.randrange(500, 20_000), self._call_back, caller)
        self.go_on(caller)

    def _call_back(self, caller: Caller) -> None:
        """A line asks for an agent in the person's place; it is made as soon as Asterisk runs."""
        if self.is_down:
            self.schedule.after(1000, self._call_back, caller)
            return
        now_ms = self.schedule.now_ms
        line = Caller(
            contact=f"{caller.contact}+line{now_ms}",
            queue=caller.queue,
            needs=caller.needs,
            priority=caller.priority,
            wait_since_ms=now_ms,
            patience_ms=None,
            chosen=caller.chosen,
            first_wait_ms=caller.place_since_ms,
            reach_ms=REACH_MS,
        )
        self.arrive(line)

    def rest(self, line: Caller) -> None:
        """The person was not reached: the line waits out of the queue, then asks with its next entry."""
        assert line.session is not None
        told = events.CallWithdrawn(line.contact, "callback", line.entry, "not_reached")
        line.session.wire.send(self.tell, told)
        line.ends.append("out")
        self.ask_anew(line, self.schedule.now_ms, self.rng.randrange(500, 20_000))

    def go_on(self, caller: Caller) -> None:
        """Past the line: to the survey or elsewhere, and out of the house."""
        caller.place = "after"
        caller.dial = None
        self._close_session(caller)
        self.schedule.after(self.rng.randrange(500, 8000), self.hang_up, caller)

    # Commands of acd

    def carry_out(self, command: Command) -> None:
        """What acd's shell does with a command."""
        if isinstance(command, OfferCall):
            session = self._attached.get(command.contact)
            if session is not None:
                self.schedule.after(self.rng.randrange(6), self.dials.begin, session, command)
        elif isinstance(command, CancelOffer):
            self.schedule.after(self.rng.randrange(6), self.dials.cancel, command)
        elif isinstance(command, RefuseCall):
            session = self._attached.get(command.contact)
            if session is not None:
                session.caller.known_entry = 0  # whoever hangs up before hearing it was never queued
                self.schedule.after(self.rng.randrange(6), self._refuse, session)
        elif isinstance(command, SendToOverflow):
            session = self._attached.get(command.contact)
            if session is not None:
                if command.outcome:
                    session.caller.known_entry = 0  # likewise
                self.schedule.after(self.rng.randrange(6), self._send_on, session, command)
        elif isinstance(command, FetchCall):
            self.schedule.after(self.rng.randrange(6), self._fetch, command)
        elif isinstance(command, TakeSnapshot):
            self.link.ask_list()
        else:
            raise PromiseBrokenError(f"nobody carries out {command}")

    def _refuse(self, session: Session) -> None:
        if session.is_open and session.caller.is_alive and session.caller.place == "waiting":
            session.caller.ends.append("refused")
            self.go_on(session.caller)

    def _send_on(self, session: Session, command: SendToOverflow) -> None:
        caller = session.caller
        if not session.is_open or not caller.is_alive or caller.place != "waiting":
            return
        if caller.dial:
            raise PromiseBrokenError(f"{command} while {caller.dial} runs")
        self.tell(events.CallWithdrawn(caller.contact, command.to, caller.entry))  # said before it leaves
        caller.ends.append("refused" if command.outcome else "out")
        kind, _, name = command.to.partition(":")
        if kind == "queue":
            caller.queue, caller.aim, caller.fallback = name, "", ""
            self.ask_anew(caller, caller.wait_since_ms)
        else:
            self.go_on(caller)

    def _fetch(self, command: FetchCall) -> None:
        """The caller is redirected: the agent's leg ends by it, as after a transfer."""
        caller = self.callers.get(command.contact)
        leg = caller.dial.winner if caller is not None and caller.dial is not None else None
        if caller is not None and leg is not None and leg.state == "bridged":
            self.dials.end_talk(caller, leg, "line")

    def transfer(self, caller: Caller, by: str, to: str) -> None:
        """An agent has sent the caller on. to: line (again), agent (a colleague), queue (some other)."""
        caller.first_wait_ms = caller.first_wait_ms or caller.wait_since_ms
        caller.back = by
        caller.reach_ms = 0  # the person is there
        match to:
            case "agent":
                caller.aim = self.rng.choice(self.colleagues)
            case "queue":
                caller.fallback = caller.queue
                caller.queue = self.rng.choice(("service", "orders", "small"))
                caller.needs = caller.chosen = ""
        self.ask_anew(caller, self.schedule.now_ms)

    def ask_anew(self, caller: Caller, wait_since_ms: int, rest_ms: int = 0) -> None:
        """The dialplan asks for an agent once more: another entry of the same contact."""
        caller.dial = None
        self._close_session(caller)
        caller.place = "waiting"
        caller.entry += 1
        caller.wait_since_ms = wait_since_ms
        self.schedule.after(rest_ms + self.rng.randrange(5, 300), self.open_session, caller)

    # Disasters

    def acd_died(self) -> None:
        """Every connection to acd is gone; callers who wait ask again until it is back."""
        self.link.lose()
        self.is_listening = False
        self._attached.clear()
        self.link.forget_told()
        for caller in self.callers.values():
            if caller.session is not None:
                caller.session.is_open = False
                caller.session.wire.cut()
                caller.session = None
                # The dialplan asks every second; some come late, in the midst of a prompt.
                late_ms = self.rng.choice((1000, 1000, 1000, 6000))
                self.schedule.after(self.rng.randrange(1, late_ms), self.open_session, caller)

    def crash(self) -> None:
        """Asterisk dies: every channel is gone, sessions end, nothing is told by AMI."""
        self.link.lose()
        self.is_down = True
        self.link.forget_phones()
        for leg in list(self.legs.values()):
            self.dials.leg_gone(leg, ())
        for caller in list(self.callers.values()):
            if caller.place != "after":
                caller.ends.append("lost")
            self._remove(caller)

    def come_up(self) -> None:
        """Asterisk runs again, a new process."""
        self.is_down = False
