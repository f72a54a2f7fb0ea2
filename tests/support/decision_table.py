"""Decisions of the distributor as aligned text: events on the left, what came of them on the right.

    0     ready 1001                  | 1001 ready
    100   arrive c1 service sales     | queued c1
                                      | offered c1 to 1001 as 1-1
                                      | 1001 offered
                                      | ! offer c1 to 1001 for 20000

The first column is the time in ms after START_MS. Facts are in the words of `_fact`, commands begin with `!`,
the reason of an ignored event with `-`, the next alarm (only where a table asks for it) is `alarm at`.

A table may begin with what happened so far, by name (see OPENINGS), in place of the rows that tell it:

    given c1 rings at 1001 in service
    20200 failed 1-1 no_answer        | ended 1-1: no_answer, rang 20000
"""

from __future__ import annotations

from dataclasses import replace

from acd.core import commands, events, facts, house_rules
from acd.core.distributor import Decision, Distributor

START_MS = 1_000_000

AGENTS = {"1001": {"sales": 5}, "1002": {"sales": 2, "english": 5}, "1003": {}}
QUEUES = (
    house_rules.QueueRules("service", "", 0, 10_000, 20_000, 15_000),
    house_rules.QueueRules("orders", "", 0, 0, 8_000, 15_000),
    house_rules.QueueRules("small", "", 0, 0, 8_000, 15_000, max_waiting=1),
    house_rules.QueueRules("together", "", 0, 0, 8_000, 15_000, ring=3),
    house_rules.QueueRules(
        "limited",
        "sales",
        0,
        0,
        8_000,
        15_000,
        max_waiting=3,
        max_wait_ms=10_000,
        overflow="queue:small",
        callers_per_1000_agents=1500,
        nobody_logged_in=("voicemail", "message:sorry"),
        nobody_ready=("", "hangup"),
    ),
    house_rules.QueueRules(
        "quick",
        "",
        0,
        0,
        8_000,
        15_000,
        max_predicted_ms=60_000,
        predicted=("voicemail", "queue:small"),
    ),
    house_rules.QueueRules(
        "steps",
        "",
        0,
        0,
        8_000,
        15_000,
        steps=(house_rules.StepRules(10_000, "sales >= 2"), house_rules.StepRules(20_000, "")),
        prefer_last_ms=5_000,
        prefer_named_ms=15_000,
    ),
)

AGENT_RULES = house_rules.AgentRules()

_OFFERED = """
    0    ready 1001                 | 1001 ready
    100  arrive c1 {queue} since=100 | queued c1
                                    | offered c1 to 1001 as 1-1
                                    | 1001 offered
                                    | ! offer c1 to 1001 for {ring_ms}
"""
OPENINGS = {
    "c1 offered to 1001": _OFFERED,
    "c1 rings at 1001": f"""{_OFFERED}
    200  rang 1-1                   | rang 1-1
""",
    "c1 rings at all": """
    0    ready 1001                 | 1001 ready
    10   ready 1002                 | 1002 ready
    20   ready 1003                 | 1003 ready
    100  arrive c1 {queue} since=100 | queued c1
                                    | offered c1 to 1001 as 1-1
                                    | 1001 offered
                                    | offered c1 to 1002 as 1-2
                                    | 1002 offered
                                    | offered c1 to 1003 as 1-3
                                    | 1003 offered
                                    | ! offer c1 to 1001 1002 1003 for {ring_ms}
    200  rang 1-1                   | rang 1-1
    200  rang 1-2                   | rang 1-2
    200  rang 1-3                   | rang 1-3
""",
    "1001 comes to work, is offered c1": """
    0    snapshot                   |
    1    log_in 1001 p1             | 1001 not_ready (login)
    10   ready 1001                 | 1001 ready
    20   arrive c1 {queue} since=20 | queued c1
                                    | offered c1 to 1001 as 1-1
                                    | 1001 offered
                                    | ! offer c1 to 1001 for {ring_ms}
""",
    "c1 talks with 1001": f"""{_OFFERED}
    200  bridged 1-1                | 1001 on_contact
                                    | answered c1: waited 100, rang 0
                                    | connected c1 with 1001
                                    | left c1: answered after 100
""",
}
"""What many tables begin with; 1002 and 1003 are not ready, or not at work.

They are played and compared like any row.
"""


def rows_of(text: str) -> list[str]:
    """The rows of a table that are not empty, a named opening written out."""
    rows = [row for row in text.splitlines() if row.strip()]
    if rows[0].split()[0] != "given":
        return rows
    opening, _, queue = rows[0].strip().removeprefix("given ").rpartition(" in ")
    ring_ms = next(rules.offer_ring_ms for rules in QUEUES if rules.name == queue)
    return rows_of(OPENINGS[opening].format(queue=queue, ring_ms=ring_ms)) + rows[1:]


def settings(
    agents: dict[str, dict[str, int]] | None = None,
    version: int = 1,
    *,
    agent_rules: house_rules.AgentRules = AGENT_RULES,
    disposition: str = "",
) -> events.SettingsChanged:
    """Settings with these agents' skills and the three queues of these tests.

    disposition: of all queues.
    """
    known = AGENTS if agents is None else agents
    profiles = tuple(
        house_rules.AgentProfile(number, tuple(levels.items())) for number, levels in known.items()
    )
    queues = tuple(replace(rules, disposition=disposition) for rules in QUEUES)
    return events.SettingsChanged(version, profiles, queues, agent_rules=agent_rules)


class Table:
    """One distributor and the tables run against it. It begins linked, everyone at a phone, not ready."""

    def __init__(
        self,
        *,
        linked: bool = True,
        at_work: bool = True,
        epoch: int = 1,
        rules: events.SettingsChanged | None = None,
    ) -> None:
        self.distributor = Distributor(epoch)
        self.handle(rules or settings(), 0)
        if linked:
            self.handle(events.AsteriskSnapshot((), ()), 0)
        if at_work:
            for number in AGENTS:
                self.handle(events.AgentLoggedIn(number, f"phone{number}"), 0)

    def handle(self, event: events.Event, at_ms: int) -> Decision:
        """One event, at_ms after START_MS."""
        return self.distributor.handle(event, START_MS + at_ms)

    def run(self, text: str) -> None:
        """Play the events of a table; fails with both tables when something else came of them."""
        played: list[str] = []
        expected: list[str] = []
        for line in rows_of(text):
            left, _, right = (part.strip() for part in line.partition("|"))
            if left:
                at_ms, _, words = left.partition(" ")
                decision = self.handle(event_of(words.split()), int(at_ms))
                shows_alarm = "alarm at" in text
                played += [f"{at_ms} {' '.join(words.split())}", *outcome(decision, shows_alarm=shows_alarm)]
                expected.append(f"{at_ms} {' '.join(words.split())}")
            if right:
                expected.append(" ".join(right.split()))
        assert played == expected


def event_of(words: list[str]) -> events.Event:
    """The event that a line's words mean."""
    name, *rest = words
    options = dict(word.split("=") for word in rest if "=" in word and ">=" not in word)
    rest = [word for word in rest if "=" not in word or ">=" in word]
    match name:
        case "arrive":
            return events.CallArrived(
                contact=rest[0],
                queue=rest[1],
                needs=" ".join(rest[2:]),
                priority=int(options.get("priority", "0")),
                language="zh",
                wait_since_ms=START_MS + int(options["since"]),
                entry=int(options.get("entry", "1")),
                aims=tuple(options["aims"].split(",")) if "aims" in options else (),
                place_since_ms=START_MS + int(options["place"]) if "place" in options else 0,
                fallback=options.get("fallback", ""),
                fallback_agent=options.get("agent", ""),
                chosen=options.get("chosen", ""),
                closed="closed" in options,
                put_first="first" in options,
                last_agent=options.get("last", ""),
                reach_ms=int(options.get("reach", "0")),
                preferred=tuple(options["prefer"].split(",")) if "prefer" in options else (),
            )
        case "snapshot":
            legs = (leg.split(":") for leg in rest if ":" in leg)
            return events.AsteriskSnapshot(
                contacts=tuple(word for word in rest if ":" not in word),
                legs=tuple(events.LiveLeg(*leg) for leg in legs),
                waiting=tuple(options["waiting"].split(",")) if "waiting" in options else (),
                asked_ms=START_MS + int(options["asked"]) if "asked" in options else None,
                restarted="restarted" in options,
                phones_in_use=tuple(options["in_use"].split(",")) if "in_use" in options else (),
            )
        case "predicted":
            wait_ms = None if rest[1] == "never" else int(rest[1])
            return events.WaitPredicted(rest[0], int(options.get("entry", "1")), wait_ms)
        case "leg_ended":
            by = rest[2] if len(rest) > 2 else ""
            return events.LegEnded(rest[0], int(rest[1]), by, at_ms=_past_ms(options))
        case "hang_up":
            return events.CallerHungUp(rest[0], at_ms=_past_ms(options), by=options.get("by", "caller"))
        case "answered":
            return events.OfferAnswered(rest[0], at_ms=_past_ms(options))
        case "bridged":
            return events.OfferConnected(rest[0], at_ms=_past_ms(options))
        case "withdraw":
            return events.CallWithdrawn(rest[0], rest[1], cause=options.get("cause", "withdrawn"))
        case "force":
            return events.AgentForced(rest[0], rest[1], "boss", "page", *rest[2:3])
        case "take":
            return events.CallTaken(rest[0], rest[1], "boss", "page", joins="joins" in rest)
        case "send_on":
            return events.CallSentOn(rest[0], rest[1], "boss", "page")
        case "put_first":
            return events.CallPutFirst(rest[0], "boss", "page")
        case "close_queue":
            return events.QueueClosed(rest[0], "boss", "page")
        case "open_queue":
            return events.QueueOpened(rest[0], "boss", "page")
        case "joined":
            return events.AgentJoined(*rest)
        case "hold" | "resume":
            return events.HoldChanged(rest[0], name == "hold")
    return _EVENTS[name](*rest)


def _past_ms(options: dict[str, str]) -> int | None:
    return START_MS + int(options["at"]) if "at" in options else None


_EVENTS = {
    "alarm": events.DeadlinePassed,
    "code": events.AgentGaveDisposition,
    "failed": events.OfferFailed,
    "finish": events.AgentFinishedWork,
    "kept": events.AgentKept,
    "link_lost": events.AsteriskLost,
    "log_in": events.AgentLoggedIn,
    "log_out": events.AgentLoggedOut,
    "not_ready": events.AgentBecameNotReady,
    "help": events.AgentAskedHelp,
    "helped": events.AgentWasHelped,
    "in_use": events.PhoneInUse,
    "free": events.PhoneFree,
    "phone_back": events.PhoneBecameReachable,
    "phone_lost": events.PhoneBecameUnreachable,
    "prolong": events.AgentProlongedWork,
    "pickup": events.PickupAsked,
    "rang": events.OfferRang,
    "ready": events.AgentBecameReady,
    "session_lost": events.SessionLost,
}


def outcome(decision: Decision, *, shows_alarm: bool = False) -> list[str]:
    """What came of an event, a line each."""
    lines = [_fact(fact) for fact in decision.facts]
    lines += [_command(command) for command in decision.commands]
    if decision.ignored:
        lines.append(f"- {decision.ignored}")
    if shows_alarm:
        wake_at_ms = decision.wake_at_ms
        lines.append("alarm at never" if wake_at_ms is None else f"alarm at {wake_at_ms - START_MS}")
    return lines


def _fact(fact: facts.Fact) -> str:
    match fact:
        case facts.CallQueued():
            entry = f" entry {fact.entry}" if fact.entry > 1 else ""
            return f"queued {fact.contact}{entry}" + _preferred(fact.prefer)
        case facts.CallOverflowed():
            expected = f" of {fact.predicted_ms}" if fact.predicted_ms else ""
            return f"overflowed {fact.contact} to {fact.to}: {fact.reason}{expected}"
        case facts.AimsPassedOver():
            return f"{fact.contact} meant for {fact.aims or 'nobody'}"
        case facts.CallWidened():
            return f"widened {fact.contact}: {fact.needs or 'anyone'}{_preferred(fact.prefer)}"
        case facts.CallOffered():
            return f"offered {fact.contact} to {fact.agent} as {fact.offer}"
        case facts.CallPickedUp():
            return f"picked up {fact.contact} for {fact.agent}"
        case facts.OfferRang():
            return f"rang {fact.offer}"
        case facts.OfferEnded():
            return f"ended {fact.offer}: {fact.cause}, rang {fact.ring_ms}"
        case facts.CallAnswered():
            return f"answered {fact.contact}: waited {fact.wait_ms}, rang {fact.ring_ms}"
        case facts.CallConnected():
            return f"connected {fact.contact} with {fact.agent}"
        case facts.HoldChanged():
            return f"{'held' if fact.held else 'resumed'} {fact.contact}"
        case facts.SegmentEnded():
            return f"talked {fact.contact}: {fact.talk_ms}, held {fact.hold_ms}, by {fact.hung_up_by}"
        case facts.CallLeftQueue():
            to = f" to {fact.to}" if fact.to else ""
            return f"left {fact.contact}: {fact.how}{to} after {fact.wait_ms}"
        case facts.AgentStateChanged():
            return _agent(fact)
        case facts.DispositionGiven():
            replaces = f" instead of {fact.replaces}" if fact.replaces else ""
            return f"code {fact.code}{replaces} for {fact.segment} by {fact.agent}"
        case facts.HelpAsked():
            return f"help for {fact.agent}" + (f" with {fact.contact}" if fact.contact else "")
        case facts.HelpEnded():
            return f"help over for {fact.agent} by {fact.by} after {fact.waited_ms}"
        case facts.DispositionMissed():
            return f"no code for {fact.segment} by {fact.agent}"
        case facts.CallPutFirst():
            return f"first {fact.contact}"
        case facts.QueueClosed():
            return f"closed {fact.queue}"
        case facts.QueueOpened():
            return f"opened {fact.queue}"
        case facts.TakeOverGivenUp():
            return f"given up {fact.contact} by {fact.agent}"
        case facts.SupervisorActed():
            words = ("acted", fact.deed, fact.agent, fact.contact, fact.queue, fact.detail)
            return " ".join(word for word in words if word) + (f": {fact.refused}" if fact.refused else "")
    raise AssertionError(fact)


def _preferred(agents: list[str]) -> str:
    return f" for {', '.join(agents)}" if agents else ""


def _agent(fact: facts.AgentStateChanged) -> str:
    words = [fact.agent, fact.state]
    if fact.reason:
        words.append(f"({fact.reason})")
    if fact.until_ms:
        words.append(f"until {fact.until_ms - START_MS}")
    if fact.break_until_ms:
        words.append(f"break until {fact.break_until_ms - START_MS}")
    if fact.overdue:
        words.append("overdue")
    if fact.gone_since_ms and fact.reason != "unreachable":
        words.append("phone gone")
    if fact.failed_in_a_row > 1:
        words.append(f"failed {fact.failed_in_a_row}")
    follows = {"ready": "ready", "offline": "offline", "not_ready": "not_ready"}.get(fact.state, "ready")
    if fact.intent != follows:
        words.append(f"then {fact.intent}")
    return " ".join(words)


def _command(command: commands.Command) -> str:
    match command:
        case commands.OfferCall():
            agents = " ".join((command.agent, *(one.agent for one in command.beside)))
            return f"! offer {command.contact} to {agents} for {command.ring_ms}"
        case commands.CancelOffer():
            return f"! cancel {command.offer}"
        case commands.RefuseCall():
            return f"! refuse {command.contact}: {command.reason}"
        case commands.SendToOverflow():
            told = f"! send {command.contact} to {command.to}"
            return f"{told} as {command.outcome}" if command.outcome else told
        case commands.FetchCall():
            return f"! fetch {command.contact}"
        case commands.DropLeg():
            return f"! drop {command.segment}"
        case commands.TakeSnapshot():
            return "! snapshot"
    raise AssertionError(command)
