"""One seed's house: agents, callers and faults around a real Distributor, until the last caller has gone.

A run has two parts: some minutes of people and disasters at random, then calm, in which every agent works and
answers, so that whoever still waits must be served. `run_seed` gives a SHA-256 of every decision made.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from dataclasses import dataclass
from itertools import chain
from typing import Any

from promise_broken import PromiseBrokenError
from promises import Promises
from simulated_asterisk import SimulatedAsterisk
from simulated_channels import Caller, person_of
from simulated_wires import Schedule

from acd.core import events, house_rules
from acd.core.choice import POLICIES
from acd.core.distributor import Decision, Distributor
from acd.core.fact_codec import to_body
from acd.core.facts import CallOffered, ContactStarted
from acd.core.picture import Picture
from acd.core.recount import Scene, recount, recount_beside
from acd.core.recovery import restored_from

SKILLS = ("sales", "billing", "english", "vip")
NEEDS = (
    "",
    "sales",
    "billing >= 4",
    "sales and english",
    "billing or vip >= 6",
    "english and not vip",
    "not sales",
)
CHAOS_MS = 240_000
LIMIT_MS = 3 * 3_600_000


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    seed: int
    sha256: str
    decisions: int
    faults: tuple[str, ...]
    ends: Counter[str]


class SimulatedHouse:
    """The world of one seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.schedule = Schedule()
        self.asterisk = SimulatedAsterisk(self.schedule, self.rng, self._tell, self._place_kept)
        self.promises = Promises()
        self.digest = hashlib.sha256()
        self.decisions = 0
        self.calls_left = self.rng.randrange(10, 45)
        self.numbers = [str(1001 + index) for index in range(self.rng.randrange(2, 11))]
        self.asterisk.colleagues = tuple(self.numbers)
        self.needs: tuple[str, ...] = NEEDS
        self.epoch = 0
        self.version = 0
        self.acd: Distributor | None = None
        self._picture = Picture(lambda _: 0)
        self._rung: list[dict[str, Any]] = []  # by the last offer, at once
        self._versions: dict[int, events.SettingsChanged] = {}
        self._alarm_ms: int | None = None
        self._tear_next = False
        self.faults = tuple(name for name in FAULTS if self.rng.random() < 0.3)
        if self.rng.random() < 0.2:
            self.faults = ()

    # acd

    def _start_acd(self) -> None:
        self.epoch += 1
        self.acd = Distributor(self.epoch)
        self._alarm_ms = None
        self.promises.acd_restarted()
        self._tell(self._settings())
        self._tell(restored_from(self._picture))
        if self.acd is None:
            return  # killed while it wrote down what it found
        opens_first = self.rng.random() < 0.5
        self.asterisk.is_listening = opens_first
        self.schedule.after(self.rng.randrange(5, 300), self._connect_acd)

    def _connect_acd(self) -> None:
        if self.acd is not None:
            self.asterisk.link.restore()
            self.asterisk.is_listening = True

    def _tell(self, event: events.Event) -> None:
        if self.acd is None:
            return
        now_ms = self.schedule.now_ms
        decision = self.acd.handle(event, now_ms)
        if self._tear_next and decision.facts:
            # Killed while writing the journal: some facts are there, no command has left.
            self._tear_next = False
            kept = decision.facts[: self.rng.randrange(len(decision.facts) + 1)]
            self._record(event, Decision((), kept, None, decision.ignored), now_ms, is_torn=True)
            self._kill_acd()
            return
        self._record(event, decision, now_ms)
        for command in decision.commands:
            self.asterisk.carry_out(command)
        if decision.wake_at_ms is not None and decision.wake_at_ms != self._alarm_ms:
            self._alarm_ms = decision.wake_at_ms
            delay_ms = decision.wake_at_ms - now_ms + self.rng.randrange(5)
            self.schedule.after(delay_ms, self._ring_alarm, self.acd, decision.wake_at_ms)

    def _record(self, event: events.Event, decision: Decision, now_ms: int, *, is_torn: bool = False) -> None:
        self.decisions += 1
        self.digest.update(f"{now_ms} {event!r} {decision!r}\n".encode())
        self.promises.check(event, decision, now_ms, is_torn=is_torn)
        for fact in decision.facts:
            body = to_body(fact)
            if isinstance(fact, CallOffered) and "best" in fact.proof:  # else there was no choice
                self._recount(body)
            self._picture.apply(type(fact).__name__, fact.at_ms, body)

    def _recount(self, body: dict[str, Any]) -> None:
        """The facts so far lead anybody to the choice that the offer proves."""
        if body["dial"] in ("", body["offer"]):
            self._rung = [body]
            version = body["proof"]["settings_version"]
            differences = recount(body, Scene(body["at_ms"], self._picture, self._versions[version]))
        else:
            # The same choice as that of the phone that rings first.
            differences = recount_beside(body, self._rung[0], len(self._rung))
            self._rung.append(body)
        if differences:
            raise PromiseBrokenError(f"{body}: {', '.join(map(str, differences))}")

    def _place_kept(self, contact: str, queue: str) -> int:
        return self._picture.place_kept(contact, queue, self.schedule.now_ms)

    def _ring_alarm(self, acd: Distributor, alarm_ms: int) -> None:
        if acd is self.acd and alarm_ms == self._alarm_ms:
            self._alarm_ms = None
            self._tell(events.DeadlinePassed())

    def _kill_acd(self) -> None:
        if self.acd is not None:
            self.acd = None
            self.asterisk.acd_died()
            self.schedule.after(self.rng.randrange(200, 4000), self._start_acd)

    # Settings

    def _settings(self) -> events.SettingsChanged:
        self.version += 1
        everyone = self.asterisk.is_calm
        agents = []
        for index, number in enumerate(self.numbers):
            if everyone:
                skills = _CALM_SKILLS[index % len(_CALM_SKILLS)]
            else:
                chosen = self.rng.sample(SKILLS, self.rng.randrange(len(SKILLS) + 1))
                skills = {name: self.rng.randrange(1, 11) for name in chosen}
            if everyone or index == 0 or self.rng.random() < 0.95:
                agents.append(house_rules.AgentProfile(number, tuple(sorted(skills.items()))))
        queues = tuple(
            house_rules.QueueRules(
                name,
                "",
                0,
                after_ms + self.rng.choice((0, 0, 3_000)),
                ring_ms + self.rng.choice((0, 0, 1_000)),
                15_000,
                most,
                order=self.rng.choice(("oldest_first", "strict")),
                head_start_ms=self.rng.choice((0, 500, 60_000)),
                agent_choice=self.rng.choice(tuple(POLICIES)),
                ring=self.rng.choice((1, ring)),
                steps=() if everyone else self._steps(),
                **({} if everyone else self._limits(name)),
                prefer_last_ms=self.rng.choice((0, 4_000)),
                prefer_named_ms=self.rng.choice((0, 12_000)),
                return_within_ms=self.rng.choice((0, 60_000)),
                disposition=self.rng.choice(("", "optional", "required")),
                pickup=self.rng.choice(("nobody", "skilled", "skilled", "anyone")),
            )
            for name, after_ms, ring_ms, most, ring in (
                ("service", 5_000, 20_000, 1000, 1),
                ("orders", 0, 8_000, 1000, 3),
                ("small", 2_000, 15_000, 1000 if everyone else 3, 2),
            )
        )
        self.rng.shuffle(agents)
        rules = house_rules.AgentRules(
            prolong_ms=10_000,
            longest_work_ms=self.rng.choice((0, 15_000)),
            code_wait_ms=self.rng.choice((0, 20_000)),
            codes=("11",),
            break_ms=(("lunch", 5_000),),
            phone_gone_ms=self.rng.choice((0, 30_000)),
        )
        settings = events.SettingsChanged(
            self.version, tuple(agents), queues, choice_seed=self.version, agent_rules=rules
        )
        self._versions[self.version] = settings
        return settings

    def _limits(self, queue: str) -> dict[str, Any]:
        onward = {"service": "queue:orders", "orders": "queue:small", "small": "hangup"}[queue]  # no circle
        ways = ("", "", "", "voicemail", onward)
        return {
            "max_wait_ms": self.rng.choice((0, 0, 15_000, 60_000)),
            "overflow": self.rng.choice(("voicemail", onward)),
            "max_predicted_ms": self.rng.choice((0, 0, 30_000)),
            "predicted": (self.rng.choice(ways), self.rng.choice(ways)),
            "callers_per_1000_agents": self.rng.choice((0, 0, 2000)),
            "nobody_logged_in": (self.rng.choice(ways), self.rng.choice(ways)),
            "nobody_ready": (self.rng.choice(ways), self.rng.choice(ways)),
        }

    def _steps(self) -> tuple[house_rules.StepRules, ...]:
        times_ms = sorted(self.rng.sample(range(1, 30_000), self.rng.choice((0, 0, 1, 3))))
        return tuple(house_rules.StepRules(at_ms, self.rng.choice(NEEDS)) for at_ms in times_ms)

    # People

    def _next_call(self) -> None:
        if self.calls_left == 0:
            return
        self.calls_left -= 1
        if not self.asterisk.is_down:
            queue = self.rng.choice(("service", "service", "orders", "small"))
            patience_ms = self.rng.choice((None, None, 400, 20_000, 90_000))
            contact = self._who_calls()
            started = ContactStarted(
                self.schedule.now_ms, contact, "12345", "carrier", False, person_of(contact)
            )
            self._picture.apply("ContactStarted", started.at_ms, to_body(started))
            self.asterisk.arrive(
                Caller(
                    contact=contact,
                    queue=queue,
                    needs=self.rng.choice(self.needs),
                    priority=self.rng.choice((0, 0, 0, 5)),
                    wait_since_ms=self.schedule.now_ms - self.rng.choice((0, 0, 700)),
                    chosen=self.rng.choice(("", "", "english")),
                    last_agent=self.rng.choice(("", *self.numbers)),
                    preferred=tuple(self.rng.sample(self.numbers, self.rng.choice((0, 0, 1, 2)))),
                    patience_ms=patience_ms and self.rng.randrange(1, patience_ms),
                )
            )
        self.schedule.after(self.rng.choice((1, 50, 2000, 9000, 9000)), self._next_call)

    def _judge_waits(self) -> None:
        """The expected waits that a forecast would tell, right or wrong."""
        if self.asterisk.is_calm:
            return
        for contact in chain(*self.acd.to_predict()) if self.acd is not None else ():
            entry = self._picture.entries.get(contact)
            if entry is not None:
                wait_ms = self.rng.choice((None, 1_000, 30_000, 30_001, 90_000))
                self._tell(events.WaitPredicted(contact, entry.entry, wait_ms))
        self.schedule.after(self.rng.randrange(500, 6_000), self._judge_waits)

    def _who_calls(self) -> str:
        """A contact of somebody new, or of one of those who have left lately and call again."""
        persons = {caller.person for caller in self.asterisk.callers.values()}
        gone = [caller.person for caller in self.asterisk.ended[-6:] if caller.person not in persons]
        who = self.rng.choice([f"c{self.calls_left:02}-{self.schedule.now_ms}", *gone])
        return f"{who}+{self.calls_left}" if who in gone else who

    def _agent_acts(self, number: str) -> None:
        if self.asterisk.is_calm:
            return
        self._tell(self._deed(number))
        if self.rng.random() < 0.1 and not self.asterisk.is_down:
            self.asterisk.link.begin_own_call(f"phone{number}", self.rng.randrange(1, 30_000))
        self.schedule.after(self.rng.randrange(500, 40_000), self._agent_acts, number)

    def _deed(self, number: str) -> events.Event:
        deed = self.rng.random()
        if deed < 0.52:
            return events.AgentBecameReady(number)
        if deed < 0.55:
            return events.AgentProlongedWork(number)
        if deed < 0.60:
            return events.AgentGaveDisposition(number, self.rng.choice(("11", "11", "99")))
        if deed < 0.62:
            return self.rng.choice((events.AgentAskedHelp, events.AgentWasHelped))(number)
        if deed < 0.72:
            return events.AgentBecameNotReady(number, "lunch")
        if deed < 0.77:
            return events.AgentFinishedWork(number)
        if deed < 0.81:
            return events.PickupAsked(number, self.rng.choice(("", *self.numbers)))
        if deed < 0.84:
            return events.AgentLoggedOut(number)
        if deed < 0.94:
            return events.AgentLoggedIn(number, f"phone{self.rng.choice([number, number, '1001', 'spare'])}")
        phone = f"phone{number}"
        is_lost = not self.asterisk.unreachable.get(phone)
        self.asterisk.unreachable[phone] = is_lost
        return events.PhoneBecameUnreachable(number) if is_lost else events.PhoneBecameReachable(number)

    # Faults

    def _next_fault(self) -> None:
        if not self.faults or self.asterisk.is_calm:
            return
        getattr(self, "_fault_" + self.rng.choice(self.faults))()
        self.schedule.after(self.rng.randrange(500, 60_000), self._next_fault)

    def _fault_link(self) -> None:
        if self.acd is None or not self.asterisk.link.is_up:
            return
        self.asterisk.link.lose()
        self.schedule.after(self.rng.randrange(3000), self._notice_link, self.acd)

    def _notice_link(self, acd: Distributor) -> None:
        if acd is self.acd and not self.asterisk.link.is_up:
            self._tell(events.AsteriskLost())
            self.schedule.after(self.rng.randrange(1, 3000), self._connect_link, acd)

    def _connect_link(self, acd: Distributor) -> None:
        if acd is self.acd:
            self.asterisk.link.restore()

    def _fault_kill(self) -> None:
        self._kill_acd()

    def _fault_torn_kill(self) -> None:
        self._tear_next = True

    def _fault_crash(self) -> None:
        if self.asterisk.is_down:
            return
        self.asterisk.crash()
        self._tell(events.AsteriskLost())
        self.schedule.after(self.rng.randrange(500, 6000), self._asterisk_up)

    def _asterisk_up(self) -> None:
        self.asterisk.come_up()
        if self.acd is not None:
            self.asterisk.link.restore(restarted=True)

    def _fault_session(self) -> None:
        sessions = [one for one in self.asterisk.callers.values() if one.session is not None]
        if sessions:
            self.asterisk.cut_session(self.rng.choice(sessions))

    def _fault_stall(self) -> None:
        self.asterisk.link.stall_ms = self.rng.randrange(8000)
        self.schedule.after(self.rng.randrange(1, 9000), self._end_stall)

    def _end_stall(self) -> None:
        self.asterisk.link.stall_ms = 0

    def _fault_drop(self) -> None:
        self.asterisk.drops_next = True

    def _fault_settings(self) -> None:
        self._tell(self._settings())

    def _fault_withdraw(self) -> None:
        if self.asterisk.callers:
            self.asterisk.withdraw(self.rng.choice(list(self.asterisk.callers.values())))

    def _fault_supervisor(self) -> None:
        """No fault, but as unforeseen: somebody reaches into the house from above."""
        for _ in range(self.rng.randrange(1, 6)):
            deed = self._supervisors_deed()
            self.schedule.after(self.rng.randrange(8000), self._tell, deed)

    def _supervisors_deed(self) -> events.Event:
        number = self.rng.choice(self.numbers)
        contact = self.rng.choice(list(self.asterisk.callers) or ["nobody"])
        queue = self.rng.choice(("service", "orders", "small", "nowhere"))
        match self.rng.choice(("force", "take", "take", "send_on", "put_first", "close", "open", "open")):
            case "force":
                to = self.rng.choice(("ready", "ready", "not_ready", "work_over", "logged_out"))
                return events.AgentForced(number, to, "boss", "page")
            case "take":
                return events.CallTaken(contact, number, "boss", "page")
            case "send_on":
                to = self.rng.choice((f"queue:{queue}", "voicemail", "message:closed", "hangup"))
                return events.CallSentOn(contact, to, "boss", "page")
            case "put_first":
                return events.CallPutFirst(contact, "boss", "page")
            case "close":
                return events.QueueClosed(queue, "boss", "page")
            case _:
                return events.QueueOpened(queue, "boss", "page")

    # The run

    def _calm_down(self) -> None:
        self.asterisk.is_calm = True
        self._tear_next = self.asterisk.drops_next = False
        self.asterisk.unreachable.clear()
        self.schedule.after(10_000, self._set_to_work)

    def _set_to_work(self) -> None:
        """Everything runs again; whoever waits must be served by agents who all work."""
        self._tell(self._settings())
        for number in self.numbers:
            self._tell(events.AgentLoggedIn(number, f"phone{number}"))
        self._keep_working()

    def _keep_working(self) -> None:
        for number in self.numbers:
            self._tell(events.AgentBecameReady(number))
        if self.asterisk.callers or self.calls_left:
            self.schedule.after(10_000, self._keep_working)

    def run(self) -> Outcome:
        """Run to the end; raises PromiseBrokenError."""
        end_ms = self.schedule.now_ms + LIMIT_MS
        self.schedule.after(0, self._start_acd)
        for number in self.numbers:
            self.schedule.after(400, self._tell, events.AgentLoggedIn(number, f"phone{number}"))
            self.schedule.after(self.rng.randrange(450, 8000), self._agent_acts, number)
        self.schedule.after(500, self._next_call)
        self.schedule.after(1000, self._judge_waits)
        self.schedule.after(2000, self._next_fault)
        self.schedule.after(CHAOS_MS, self._calm_down)
        while self.schedule.step():
            if self.schedule.now_ms > end_ms:
                raise PromiseBrokenError(f"a call is lost: {self.asterisk.callers}")
        self.promises.check_all_is_over()
        self._check_truth()
        ends = Counter(self.promises.known.left.values())
        return Outcome(0, self.digest.hexdigest(), self.decisions, self.faults, ends)

    def _check_truth(self) -> None:
        """Without a gap in what acd is told, its numbers are Asterisk's truth."""
        if set(self.faults) - {"settings", "withdraw", "session"}:
            return
        truth = Counter(end for caller in self.asterisk.ended for end in caller.ends)
        told = Counter(self.promises.known.left.values())
        doubtful = told["abandoned"] - truth["abandoned"]
        is_true = all(truth[how] == told[how] for how in ("answered", "out", "lost"))
        if not is_true or not 0 <= doubtful <= truth["unheard"]:
            raise PromiseBrokenError(f"Asterisk saw {truth}, facts say {told}")


_CALM_SKILLS: tuple[dict[str, int], ...] = (
    {"sales": 10, "billing": 10, "english": 10},
    {"billing": 10, "vip": 10, "english": 10},
)

FAULTS = (
    "link",
    "kill",
    "torn_kill",
    "crash",
    "session",
    "stall",
    "drop",
    "settings",
    "withdraw",
    "supervisor",
)


def run_seed(seed: int) -> Outcome:
    """Run one seed; PromiseBrokenError names the seed that repeats it."""
    house = SimulatedHouse(seed)
    try:
        outcome = house.run()
    except Exception as error:
        raise PromiseBrokenError(f"seed {seed} ({', '.join(house.faults)}): {error!r}") from error
    return Outcome(seed, outcome.sha256, outcome.decisions, outcome.faults, outcome.ends)
