"""A model of Asterisk and of the wires between it and acd, for the fault simulator.

It holds the truth: which callers' and agents' channels live, what Dial does, who talks with whom. acd is told
through wires that keep the order on each wire (one AMI link, one FastAGI session per caller) and delay
everything at random, so that whatever comes on two wires can come in either order, as in reality. It breaks
a promise itself when it is asked for what must never be asked: two Dials for a caller, two legs for an agent.
A Dial may ring several phones: it ends them all when it ends, and the first to answer wins, though another
answers in the same millisecond.
Everything random comes from one generator, so that a seed repeats a run exactly.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from typing import Any

from acd.core import events
from acd.core.commands import (
    CancelOffer,
    Command,
    FetchCall,
    OfferCall,
    RefuseCall,
    RungBeside,
    SendToOverflow,
    TakeSnapshot,
)

_IN_CEL = (events.OfferAnswered, events.OfferConnected, events.LegEnded, events.CallerHungUp)
"""What Asterisk's own file tells with its time."""


class PromiseBrokenError(AssertionError):
    """What must never happen has happened."""


class Schedule:
    """Things to come, in order of time (ms) and then of being scheduled."""

    def __init__(self) -> None:
        self.now_ms = 1_000_000
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0

    def after(self, delay_ms: int, what: Callable[..., None], *args: Any) -> None:
        """Do it so many ms from now."""
        self._count += 1
        heappush(self._heap, (self.now_ms + delay_ms, self._count, what, args))

    def step(self) -> bool:
        """Do the next thing; False when there is none."""
        if not self._heap:
            return False
        self.now_ms, _, what, args = heappop(self._heap)
        what(*args)
        return True


class Wire:
    """A stream of messages to acd: in order, each delayed; a cut wire delivers nothing more."""

    def __init__(self, schedule: Schedule, delay_ms: Callable[[], int]) -> None:
        self._schedule = schedule
        self._delay_ms = delay_ms
        self._last_ms = 0
        self._is_cut = False

    def send(self, what: Callable[..., None], *args: Any) -> None:
        """Deliver by calling what(*args), after everything sent before."""
        self._last_ms = max(self._last_ms, self._schedule.now_ms + self._delay_ms())
        self._schedule.after(self._last_ms - self._schedule.now_ms, self._deliver, what, args)

    def _deliver(self, what: Callable[..., None], args: tuple[Any, ...]) -> None:
        if not self._is_cut:
            what(*args)

    def cut(self) -> None:
        """What is under way is lost."""
        self._is_cut = True


@dataclass(eq=False)
class Leg:
    """An agent's channel. state: ringing, up, bridged, gone."""

    offer: str
    contact: str
    agent: str
    phone: str
    state: str = "ringing"
    is_ending: bool = False  # its end has been decided, the phone is being told


@dataclass(eq=False)
class Dial:
    """What EXEC Dial does on a caller's channel. legs: those not over; winner: the one that answered."""

    offer: str
    legs: list[Leg] = field(default_factory=list)
    winner: Leg | None = None
    ringing: int = 1  # phones that may still answer, also those that got no leg


@dataclass(eq=False)
class Session:
    """A FastAGI session of a waiting caller."""

    caller: Caller
    wire: Wire
    is_open: bool = True


@dataclass(eq=False)
class Caller:
    """A caller's channel. place: waiting (the dialplan asks acd), talking, after (survey or elsewhere)."""

    contact: str
    queue: str
    needs: str
    priority: int
    wait_since_ms: int
    patience_ms: int | None
    chosen: str = ""
    last_agent: str = ""
    preferred: tuple[str, ...] = ()
    entry: int = 1
    is_alive: bool = True
    place: str = "waiting"
    session: Session | None = None
    dial: Dial | None = None
    known_entry: int = 0  # the latest entry that acd has been told of
    ends: list[str] = field(default_factory=list)  # how each entry ended in truth


class SimulatedAsterisk:
    """Channels, Dial, wires. `tell` hands an event to acd; is_listening: acd accepts sessions."""

    def __init__(self, schedule: Schedule, rng: random.Random, tell: Callable[[events.Event], None]) -> None:
        self.schedule = schedule
        self.rng = rng
        self.tell = tell
        self.is_listening = False
        self.is_down = False
        self.is_calm = False  # no fault any more, every phone is answered
        self.drops_next = False  # the next end of a leg is not told
        self.stall_ms = 0  # the AMI link is that much behind
        self.unreachable: dict[str, bool] = {}  # phone -> not registered
        self.in_use: dict[str, None] = {}  # phones with a call of their own
        self._use_told: dict[str, tuple[bool, int]] = {}  # phone -> what acd was told last, and when
        self.callers: dict[str, Caller] = {}
        self.legs: dict[str, Leg] = {}
        self.ended: list[Caller] = []
        self._attached: dict[str, Session] = {}  # what acd's shell holds
        self._ami: Wire | None = None
        self._cel: list[events.Event] = []  # what nobody was told of

    # Wires

    def _ami_delay_ms(self) -> int:
        return self.stall_ms + (self.rng.randrange(6) if self.rng.random() < 0.9 else self.rng.randrange(300))

    def _agi_delay_ms(self) -> int:
        return self.rng.randrange(6) if self.rng.random() < 0.95 else self.rng.randrange(400)

    def _say(self, event: events.Event) -> None:
        if self._ami is not None:
            self._ami.send(self.tell, event)
        elif isinstance(event, _IN_CEL):
            self._cel.append(replace(event, at_ms=self.schedule.now_ms))

    @property
    def has_link(self) -> bool:
        """Whether acd and Asterisk are joined by AMI."""
        return self._ami is not None

    def lose_link(self) -> None:
        """The AMI link breaks: what is under way and what happens meanwhile is never told."""
        if self._ami is not None:
            self._ami.cut()
            self._ami = None

    def restore_link(self, *, restarted: bool = False) -> None:
        """The link is up again: subscribed first, then the list of channels is asked for."""
        if self.is_down or self._ami is not None:
            return
        self._ami = Wire(self.schedule, self._ami_delay_ms)
        if self.rng.random() < 0.6:
            for event in self._cel:  # Asterisk's own file tells of the gap, and when it was
                self._say(event)
        self._cel = []
        self._take_snapshot(self.schedule.now_ms, self._ami, restarted)

    def _take_snapshot(self, asked_ms: int, ami: Wire | None, restarted: bool = False) -> None:
        if ami is not None and ami is self._ami:
            self.schedule.after(self.rng.randrange(1, 20), self._list_channels, asked_ms, ami, restarted)

    def _list_channels(self, asked_ms: int, ami: Wire, restarted: bool) -> None:
        if ami is not self._ami:
            return
        snapshot = events.AsteriskSnapshot(
            contacts=tuple(self.callers),
            legs=tuple(
                events.LiveLeg(leg.offer, leg.contact, leg.agent, leg.state) for leg in self.legs.values()
            ),
            restarted=restarted,
            waiting=tuple(one.contact for one in self.callers.values() if one.place == "waiting"),
            asked_ms=asked_ms,
            phones_in_use=tuple(self.in_use),
        )
        # The list takes time: changes seen meanwhile are told before it is complete.
        self.schedule.after(self.rng.choice((1, 9, 300)), self._finish_list, snapshot, ami)

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
        self.tell(replace(snapshot, phones_in_use=tuple(phone for phone in uses if uses[phone])))

    # Calls of the agents' own

    def begin_own_call(self, phone: str, lasts_ms: int) -> None:
        """A phone dials somebody, or is called by a colleague."""
        if phone not in self.in_use:
            self.in_use[phone] = None
            self._say_of_phone(phone, True)
            self.schedule.after(lasts_ms, self._end_own_call, phone)

    def _end_own_call(self, phone: str) -> None:
        if self.in_use.pop(phone, "") is None:
            self._say_of_phone(phone, False)

    def _say_of_phone(self, phone: str, in_use: bool) -> None:
        if self._ami is not None:
            self._ami.send(self._tell_of_phone, phone, in_use)

    def _tell_of_phone(self, phone: str, in_use: bool) -> None:
        self._use_told[phone] = in_use, self.schedule.now_ms
        self.tell(events.PhoneInUse(phone) if in_use else events.PhoneFree(phone))

    # Callers

    def arrive(self, caller: Caller) -> None:
        """A new caller asks for an agent."""
        self.callers[caller.contact] = caller
        self._open_session(caller)
        if caller.patience_ms is not None:
            self.schedule.after(caller.patience_ms, self.lose_patience, caller)

    def _open_session(self, caller: Caller) -> None:
        if not caller.is_alive or caller.place != "waiting" or caller.session or caller.dial:
            return
        if not self.is_listening:
            self.schedule.after(1000, self._open_session, caller)
            return
        caller.session = Session(caller, Wire(self.schedule, self._agi_delay_ms))
        caller.session.wire.send(self._session_opened, caller.session, self._arrival(caller))

    def _arrival(self, caller: Caller) -> events.CallArrived:
        return events.CallArrived(
            contact=caller.contact,
            queue=caller.queue,
            needs=caller.needs,
            priority=caller.priority,
            language="zh",
            wait_since_ms=caller.wait_since_ms,
            entry=caller.entry,
            chosen=caller.chosen,
            last_agent=caller.last_agent,
            preferred=caller.preferred,
        )

    def _session_opened(self, session: Session, arrival: events.CallArrived) -> None:
        self._attached[arrival.contact] = session
        if session.caller.is_alive:
            session.caller.known_entry = arrival.entry
        self.tell(arrival)

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
        self.schedule.after(self.rng.randrange(1, 1000), self._open_session, caller)

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
            self._say(events.CallerHungUp(caller.contact))
        for leg in legs:
            # Whose hang-up it was is known of a conversation; of a ringing phone there is only cause 26.
            if not leg.is_ending:
                end = events.LegEnded(leg.offer, 16 if talked else 26, "caller" if talked else "")
                self._end_leg(leg, end)
        if not caller_first:
            self._say(events.CallerHungUp(caller.contact))
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

    def withdraw(self, caller: Caller) -> None:
        """The caller presses a key while waiting and goes elsewhere."""
        if caller.place != "waiting" or caller.dial or caller.session is None:
            return
        caller.session.wire.send(self.tell, events.CallWithdrawn(caller.contact, "voicemail"))
        caller.ends.append("out")
        self._go_on(caller)

    def _go_on(self, caller: Caller) -> None:
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
                self.schedule.after(self.rng.randrange(6), self._begin_dial, session, command)
        elif isinstance(command, CancelOffer):
            self.schedule.after(self.rng.randrange(6), self._cancel, command)
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
            self._take_snapshot(self.schedule.now_ms, self._ami)
        else:
            raise PromiseBrokenError(f"nobody carries out {command}")

    def _refuse(self, session: Session) -> None:
        if session.is_open and session.caller.is_alive and session.caller.place == "waiting":
            session.caller.ends.append("refused")
            self._go_on(session.caller)

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
            caller.queue = name
            self._ask_anew(caller, caller.wait_since_ms)
        else:
            self._go_on(caller)

    def _fetch(self, command: FetchCall) -> None:
        """The caller is redirected: the agent's leg ends by it, as after a transfer."""
        caller = self.callers.get(command.contact)
        leg = caller.dial.winner if caller is not None and caller.dial is not None else None
        if caller is not None and leg is not None and leg.state == "bridged":
            self._end_talk(caller, leg, True)

    def _ask_anew(self, caller: Caller, wait_since_ms: int) -> None:
        """The dialplan asks for an agent once more: another entry of the same contact."""
        caller.dial = None
        self._close_session(caller)
        caller.place = "waiting"
        caller.entry += 1
        caller.wait_since_ms = wait_since_ms
        self.schedule.after(self.rng.randrange(5, 300), self._open_session, caller)

    def _begin_dial(self, session: Session, command: OfferCall) -> None:
        caller = session.caller
        if not session.is_open or not caller.is_alive or caller.place != "waiting":
            return
        if caller.dial:
            raise PromiseBrokenError(f"{command} while {caller.dial} runs")
        dial = caller.dial = Dial(command.offer, ringing=1 + len(command.beside))
        answer_ms = self.rng.randrange(300, 9000) if self.rng.random() < 0.5 else None
        first = RungBeside(command.offer, command.agent, command.phone)
        for one in (first, *command.beside):
            busy = [leg for leg in self.legs.values() if leg.agent == one.agent]
            if busy:
                raise PromiseBrokenError(f"{command} while the agent has {busy[0]}")
            outcome = self._outcome(one.phone)
            if outcome in ("unreachable", "unknown"):
                self.schedule.after(self.rng.randrange(1, 50), self._phone_out, caller, dial, outcome)
                continue
            leg = self.legs[one.offer] = Leg(one.offer, caller.contact, one.agent, one.phone)
            dial.legs.append(leg)
            self._say(events.OfferRang(one.offer))
            if command.beside and outcome == "answer" and answer_ms is not None:
                # All who answer do so in the same millisecond.
                self.schedule.after(answer_ms, self._answer, caller, dial, leg)
            else:
                self._let_ring(caller, dial, leg, outcome, command.ring_ms)

    def _phone_out(self, caller: Caller, dial: Dial, outcome: str) -> None:
        """One phone will not answer any more; with the last one Dial is over, and tells the last outcome."""
        dial.ringing -= 1
        if dial.ringing == 0 and dial.winner is None:
            self._dial_over(caller, dial, outcome)

    def _outcome(self, phone: str) -> str:
        if self.unreachable.get(phone):
            return "unreachable"
        if any(leg.phone == phone for leg in self.legs.values()):
            return "busy"
        if self.is_calm:
            return "answer"
        return self.rng.choices(
            ("answer", "no_answer", "rejected", "busy", "unknown"), weights=(70, 12, 7, 7, 4)
        )[0]

    def _let_ring(self, caller: Caller, dial: Dial, leg: Leg, outcome: str, ring_ms: int) -> None:
        if outcome == "answer":
            self.schedule.after(self.rng.randrange(300, 9000), self._answer, caller, dial, leg)
        else:
            delay_ms = {"no_answer": ring_ms, "busy": 20}.get(outcome) or self.rng.randrange(200, 8000)
            cause = {"no_answer": 0, "busy": 17, "rejected": 21}[outcome]
            self.schedule.after(delay_ms, self._fail, caller, dial, leg, outcome, cause)

    def _fail(self, caller: Caller, dial: Dial, leg: Leg, outcome: str, cause: int) -> None:
        if leg.state == "ringing" and not leg.is_ending:
            dial.legs.remove(leg)
            self._end_leg(leg, events.LegEnded(leg.offer, cause))
            self._phone_out(caller, dial, outcome)

    def _cancel(self, command: CancelOffer) -> None:
        leg = self.legs.get(command.offer)
        caller = self.callers.get(command.contact)
        if leg is not None and leg.state == "ringing" and caller is not None and caller.dial is not None:
            # Our own cancel shows as CHANUNAVAIL.
            self._fail(caller, caller.dial, leg, "unreachable", 26)

    def _dial_over(self, caller: Caller, dial: Dial, outcome: str) -> None:
        if caller.dial is not dial or not caller.is_alive:
            return
        caller.dial = None
        if caller.session is not None:
            caller.place = "waiting"
            caller.session.wire.send(self.tell, events.OfferFailed(dial.offer, outcome))
        elif caller.place == "waiting":
            self.schedule.after(self.rng.randrange(1, 1000), self._open_session, caller)
        else:
            # Answered, hung up in the whisper, and no session: stage connected leads on to the survey.
            caller.ends.append("abandoned")
            self._go_on(caller)

    # Conversations

    def _answer(self, caller: Caller, dial: Dial, leg: Leg) -> None:
        if leg.state != "ringing" or leg.is_ending:
            return
        leg.state = "up"
        dial.winner = leg
        caller.place = "talking"
        losers, dial.legs = [one for one in dial.legs if one is not leg], [leg]
        told_first = self.rng.random() < 0.5
        if told_first:
            self._say(events.OfferAnswered(leg.offer))
        for loser in losers:
            self._end_leg(loser, events.LegEnded(loser.offer, 26))
        if not told_first:
            self._say(events.OfferAnswered(leg.offer))
        whisper_ms = self.rng.randrange(100, 2500)
        if self.rng.random() < 0.06 and not self.is_calm:
            self.schedule.after(whisper_ms, self._hang_up_in_whisper, caller, dial, leg)
        else:
            self.schedule.after(whisper_ms, self._bridge, caller, dial, leg)
        if self.rng.random() < 0.06:
            self.schedule.after(self.rng.randrange(whisper_ms + 1), self.hang_up, caller)

    def _hang_up_in_whisper(self, caller: Caller, dial: Dial, leg: Leg) -> None:
        if leg.state == "up" and not leg.is_ending:
            self._end_leg(leg, events.LegEnded(leg.offer, 16, self.rng.choice(("agent", ""))))
            self._dial_over(caller, dial, "agent_gone")

    def _bridge(self, caller: Caller, dial: Dial, leg: Leg) -> None:
        if leg.state != "up" or leg.is_ending:
            return
        others = [one for one in self.legs.values() if one.agent == leg.agent and one is not leg]
        if others:
            raise PromiseBrokenError(f"{leg} is bridged while the agent has {others[0]}")
        if caller.dial is not dial or dial.winner is not leg:
            raise PromiseBrokenError(f"{leg} is bridged, the winner is {dial.winner}")
        leg.state = "bridged"
        caller.ends.append("answered")
        self._say(events.OfferConnected(leg.offer, "recording"))
        talk_ms = self.rng.randrange(500, 40_000)
        if self.rng.random() < 0.2:
            self.schedule.after(talk_ms // 3, self._hold, leg, True)
            self.schedule.after(talk_ms // 2, self._hold, leg, False)
        how = self.rng.random()
        if how < 0.3:
            self.schedule.after(talk_ms, self.hang_up, caller)
        else:
            self.schedule.after(talk_ms, self._end_talk, caller, leg, how > 0.9)

    def _hold(self, leg: Leg, held: bool) -> None:
        if leg.state == "bridged" and not leg.is_ending:
            self._say(events.HoldChanged(leg.offer, held))

    def _end_talk(self, caller: Caller, leg: Leg, transfer: bool) -> None:
        if leg.state != "bridged" or leg.is_ending:
            return
        self._end_leg(leg, events.LegEnded(leg.offer, 16, "transfer" if transfer else "agent"))
        if not transfer:
            self._go_on(caller)
            return
        # A blind transfer into a queue: the session ends, and a new one asks with the next entry.
        self._ask_anew(caller, self.schedule.now_ms)

    def _end_leg(self, leg: Leg, *told: events.Event) -> None:
        """The leg ends now, or its phone takes a moment longer than whatever ended it; then that is told."""
        leg.is_ending = True
        if self.rng.random() < 0.3:
            self.schedule.after(self.rng.randrange(60), self._leg_gone, leg, told)
        else:
            self._leg_gone(leg, told)

    def _leg_gone(self, leg: Leg, told: tuple[events.Event, ...]) -> None:
        if leg.state == "gone":
            return
        leg.state = "gone"
        del self.legs[leg.offer]
        if self.drops_next and not self.is_calm:
            self.drops_next = False
            return
        for event in told:
            self._say(event)

    # Disasters

    def acd_died(self) -> None:
        """Every connection to acd is gone; callers who wait ask again until it is back."""
        self.lose_link()
        self.is_listening = False
        self._attached.clear()
        self._use_told.clear()
        for caller in self.callers.values():
            if caller.session is not None:
                caller.session.is_open = False
                caller.session.wire.cut()
                caller.session = None
                # The dialplan asks every second; some come late, in the midst of a prompt.
                late_ms = self.rng.choice((1000, 1000, 1000, 6000))
                self.schedule.after(self.rng.randrange(1, late_ms), self._open_session, caller)

    def crash(self) -> None:
        """Asterisk dies: every channel is gone, sessions end, nothing is told by AMI."""
        self.lose_link()
        self.is_down = True
        self.in_use.clear()
        self._cel = []
        for leg in list(self.legs.values()):
            self._leg_gone(leg, ())
        for caller in list(self.callers.values()):
            if caller.place != "after":
                caller.ends.append("lost")
            self._remove(caller)

    def come_up(self) -> None:
        """Asterisk runs again, a new process."""
        self.is_down = False
