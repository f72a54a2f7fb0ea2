"""Dial in the model of Asterisk: agents' phones ring, one wins, they talk, the leg ends.

A Dial may ring several phones: it ends them all when it ends, and the first to answer wins, though another
answers in the same millisecond.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promise_broken import PromiseBrokenError
from simulated_channels import Caller, Dial, Leg, Session

from acd.core import events
from acd.core.commands import CancelOffer, OfferCall, RungBeside

if TYPE_CHECKING:
    from simulated_asterisk import SimulatedAsterisk


class Dials:
    """What EXEC Dial does on callers' channels, from the first ring to the end of each leg."""

    def __init__(self, asterisk: SimulatedAsterisk) -> None:
        self._asterisk = asterisk
        self._schedule, self._rng = asterisk.schedule, asterisk.rng

    def begin(self, session: Session, command: OfferCall) -> None:
        """The session is told to dial these phones, if the caller is still there to be dialled for."""
        caller = session.caller
        if not session.is_open or not caller.is_alive or caller.place != "waiting":
            return
        if caller.dial:
            raise PromiseBrokenError(f"{command} while {caller.dial} runs")
        dial = caller.dial = Dial(command.offer, ringing=1 + len(command.beside))
        answer_ms = self._rng.randrange(300, 9000) if self._rng.random() < 0.5 else None
        first = RungBeside(command.offer, command.agent, command.phone)
        for one in (first, *command.beside):
            busy = [leg for leg in self._asterisk.legs.values() if leg.agent == one.agent]
            if busy:
                raise PromiseBrokenError(f"{command} while the agent has {busy[0]}")
            outcome = self._outcome(one.phone)
            if outcome in ("unreachable", "unknown"):
                self._schedule.after(self._rng.randrange(1, 50), self._phone_out, caller, dial, outcome)
                continue
            leg = self._asterisk.legs[one.offer] = Leg(one.offer, caller.contact, one.agent, one.phone)
            dial.legs.append(leg)
            self._asterisk.link.say(events.OfferRang(one.offer))
            if command.beside and outcome == "answer" and answer_ms is not None:
                # All who answer do so in the same millisecond.
                self._schedule.after(answer_ms, self._answer, caller, dial, leg)
            else:
                self._let_ring(caller, dial, leg, outcome, command.ring_ms)

    def _phone_out(self, caller: Caller, dial: Dial, outcome: str) -> None:
        """One phone will not answer any more; with the last one Dial is over, and tells the last outcome."""
        dial.ringing -= 1
        if dial.ringing == 0 and dial.winner is None:
            self._dial_over(caller, dial, outcome)

    def _outcome(self, phone: str) -> str:
        if self._asterisk.unreachable.get(phone):
            return "unreachable"
        if any(leg.phone == phone for leg in self._asterisk.legs.values()):
            return "busy"
        if self._asterisk.is_calm:
            return "answer"
        return self._rng.choices(
            ("answer", "no_answer", "rejected", "busy", "unknown"), weights=(70, 12, 7, 7, 4)
        )[0]

    def _let_ring(self, caller: Caller, dial: Dial, leg: Leg, outcome: str, ring_ms: int) -> None:
        if outcome == "answer":
            self._schedule.after(self._rng.randrange(300, 9000), self._answer, caller, dial, leg)
        else:
            delay_ms = {"no_answer": ring_ms, "busy": 20}.get(outcome) or self._rng.randrange(200, 8000)
            cause = {"no_answer": 0, "busy": 17, "rejected": 21}[outcome]
            self._schedule.after(delay_ms, self._fail, caller, dial, leg, outcome, cause)

    def _fail(self, caller: Caller, dial: Dial, leg: Leg, outcome: str, cause: int) -> None:
        if leg.state == "ringing" and not leg.is_ending:
            dial.legs.remove(leg)
            self.end_leg(leg, events.LegEnded(leg.offer, cause))
            self._phone_out(caller, dial, outcome)

    def cancel(self, command: CancelOffer) -> None:
        """One phone stops ringing; one that is answered does not hear of it."""
        leg = self._asterisk.legs.get(command.offer)
        caller = self._asterisk.callers.get(command.contact)
        if leg is not None and leg.state == "ringing" and caller is not None and caller.dial is not None:
            # Our own cancel shows as CHANUNAVAIL.
            self._fail(caller, caller.dial, leg, "unreachable", 26)

    def _dial_over(self, caller: Caller, dial: Dial, outcome: str) -> None:
        if caller.dial is not dial or not caller.is_alive:
            return
        caller.dial = None
        if caller.session is not None:
            caller.place = "waiting"
            caller.session.wire.send(self._asterisk.tell, events.OfferFailed(dial.offer, outcome))
        elif caller.place == "waiting":
            self._schedule.after(self._rng.randrange(1, 1000), self._asterisk.open_session, caller)
        else:
            # Answered, hung up in the whisper, and no session: stage connected leads on to the survey.
            caller.ends.append("abandoned")
            self._asterisk.go_on(caller)

    def _answer(self, caller: Caller, dial: Dial, leg: Leg) -> None:
        if leg.state != "ringing" or leg.is_ending:
            return
        leg.state = "up"
        dial.winner = leg
        caller.place = "talking"
        losers, dial.legs = [one for one in dial.legs if one is not leg], [leg]
        told_first = self._rng.random() < 0.5
        if told_first:
            self._asterisk.link.say(events.OfferAnswered(leg.offer))
        for loser in losers:
            self.end_leg(loser, events.LegEnded(loser.offer, 26))
        if not told_first:
            self._asterisk.link.say(events.OfferAnswered(leg.offer))
        whisper_ms = self._rng.randrange(100, 2500)
        if caller.reach_ms and self._rng.random() < 0.3 and not self._asterisk.is_calm:
            self._schedule.after(whisper_ms, self._not_reached, caller, dial, leg)
        elif self._rng.random() < 0.06 and not self._asterisk.is_calm:
            self._schedule.after(whisper_ms, self._hang_up_in_whisper, caller, dial, leg)
        else:
            self._schedule.after(whisper_ms, self._bridge, caller, dial, leg)
        if self._rng.random() < 0.06:
            self._schedule.after(self._rng.randrange(whisper_ms + 1), self._asterisk.hang_up, caller)

    def _hang_up_in_whisper(self, caller: Caller, dial: Dial, leg: Leg) -> None:
        if leg.state == "up" and not leg.is_ending:
            self.end_leg(leg, events.LegEnded(leg.offer, 16, self._rng.choice(("agent", ""))))
            self._dial_over(caller, dial, "agent_gone")

    def _not_reached(self, caller: Caller, dial: Dial, leg: Leg) -> None:
        """The person who is called back does not answer; the agent is let go."""
        if leg.state != "up" or leg.is_ending or caller.session is None:
            self._bridge(caller, dial, leg)
            return
        self.end_leg(leg, events.LegEnded(leg.offer, 16))
        self._asterisk.rest(caller)

    def _bridge(self, caller: Caller, dial: Dial, leg: Leg) -> None:
        if leg.state != "up" or leg.is_ending:
            return
        others = [one for one in self._asterisk.legs.values() if one.agent == leg.agent and one is not leg]
        if others:
            raise PromiseBrokenError(f"{leg} is bridged while the agent has {others[0]}")
        if caller.dial is not dial or dial.winner is not leg:
            raise PromiseBrokenError(f"{leg} is bridged, the winner is {dial.winner}")
        leg.state = "bridged"
        caller.ends.append("answered")
        self._asterisk.link.say(events.OfferConnected(leg.offer, "recording"))
        talk_ms = self._rng.randrange(500, 40_000)
        if self._rng.random() < 0.2:
            self._schedule.after(talk_ms // 3, self._hold, leg, True)
            self._schedule.after(talk_ms // 2, self._hold, leg, False)
        how = self._rng.random()
        if how < 0.3:
            self._schedule.after(talk_ms, self._asterisk.hang_up, caller)
        else:
            to = self._rng.choice(("line", "agent", "queue")) if how > 0.85 else ""
            self._schedule.after(talk_ms, self.end_talk, caller, leg, to)

    def _hold(self, leg: Leg, held: bool) -> None:
        if leg.state == "bridged" and not leg.is_ending:
            self._asterisk.link.say(events.HoldChanged(leg.offer, held))

    def end_talk(self, caller: Caller, leg: Leg, to: str) -> None:
        """The agent hangs up, or has transferred the caller (to: as in `transfer`), who goes on."""
        if leg.state != "bridged" or leg.is_ending:
            return
        self.end_leg(leg, events.LegEnded(leg.offer, 16, "transfer" if to else "agent"))
        if not to:
            self._asterisk.go_on(caller)
            return
        # A transfer: the session ends, and a new one asks with the next entry.
        self._asterisk.transfer(caller, leg.agent, to)

    def end_leg(self, leg: Leg, *told: events.Event) -> None:
        """The leg ends now, or its phone takes a moment longer than whatever ended it; then that is told."""
        leg.is_ending = True
        if self._rng.random() < 0.3:
            self._schedule.after(self._rng.randrange(60), self.leg_gone, leg, told)
        else:
            self.leg_gone(leg, told)

    def leg_gone(self, leg: Leg, told: tuple[events.Event, ...]) -> None:
        """The leg is over, and acd is told so, unless this fault is due."""
        if leg.state == "gone":
            return
        leg.state = "gone"
        del self._asterisk.legs[leg.offer]
        if self._asterisk.drops_next and not self._asterisk.is_calm:
            self._asterisk.drops_next = False
            return
        for event in told:
            self._asterisk.link.say(event)
