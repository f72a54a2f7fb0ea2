"""The distributor as a whole: total and deterministic. How quick it is: `python -m bench.distributor`."""

from __future__ import annotations

from dataclasses import replace

from decision_table import AGENTS, START_MS, Table, settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from acd.core import events, facts
from acd.core.commands import OfferCall
from acd.core.distributor import Distributor
from acd.core.fact_codec import to_body
from acd.core.picture import Picture
from acd.core.recovery import restored_from

contacts = st.sampled_from(("c1", "c2", "c3"))
agents = st.sampled_from(("1001", "1002", "1003", "4711"))
phones = st.sampled_from(("p1", "p2"))
offers = st.sampled_from(("0", "0", "1", "2", "never"))  # the latest offer, the one before, …
causes = st.sampled_from(
    ("no_answer", "rejected", "busy", "unreachable", "withdrawn", "agent_gone", "unknown", "?")
)
legs = st.builds(events.LiveLeg, offers, contacts, agents, st.sampled_from(("ringing", "up", "bridged")))
skills = st.dictionaries(st.sampled_from(("sales", "english")), st.integers(1, 10), max_size=2)

_ABOUT_OFFERS = (
    events.OfferRang,
    events.OfferAnswered,
    events.OfferConnected,
    events.OfferFailed,
    events.LegEnded,
    events.HoldChanged,
)

any_event = st.one_of(
    st.builds(
        events.CallArrived,
        contact=contacts,
        queue=st.sampled_from(("service", "orders", "small", "together", "nowhere")),
        needs=st.sampled_from(("", "sales", "not sales", "sales >=")),
        priority=st.integers(0, 2),
        language=st.just("zh"),
        wait_since_ms=st.integers(0, 2 * START_MS),
        entry=st.integers(1, 3),
        chosen=st.sampled_from(("", "", "english")),
        last_agent=st.sampled_from(("", "1001", "4711")),
        preferred=st.lists(agents, max_size=2).map(tuple),
        closed=st.sampled_from((False, False, False, True)),
    ),
    st.builds(events.CallerHungUp, contacts),
    st.builds(events.CallWithdrawn, contacts, st.just("voicemail")),
    st.builds(events.SessionLost, contacts),
    st.builds(events.AgentLoggedIn, agents, phones),
    st.builds(events.AgentLoggedOut, agents),
    st.builds(events.AgentBecameReady, agents),
    st.builds(events.AgentBecameNotReady, agents, st.just("lunch")),
    st.builds(events.AgentFinishedWork, agents),
    st.builds(events.PickupAsked, agents, st.sampled_from(("", "1001", "1002"))),
    st.builds(events.PhoneBecameUnreachable, agents),
    st.builds(events.PhoneBecameReachable, agents),
    st.builds(events.OfferRang, offers),
    st.builds(events.OfferAnswered, offers),
    st.builds(events.OfferConnected, offers),
    st.builds(events.OfferFailed, offers, causes),
    st.builds(events.LegEnded, offers, st.sampled_from((0, 16, 17, 21)), st.sampled_from(("", "agent"))),
    st.builds(events.HoldChanged, offers, st.booleans()),
    st.just(events.DeadlinePassed()),
    st.just(events.AsteriskLost()),
    st.builds(
        events.AsteriskSnapshot,
        contacts=st.lists(contacts, max_size=3).map(tuple),
        legs=st.lists(legs, max_size=3).map(tuple),
        restarted=st.booleans(),
        waiting=st.lists(contacts, max_size=3).map(tuple),
        asked_ms=st.one_of(st.none(), st.integers(START_MS, START_MS + 60_000)),
    ),
    st.dictionaries(st.sampled_from(("1001", "1002", "1003")), skills).map(settings),
    st.just("restart"),
)


class Run:
    """A distributor and the picture of its facts; "restart" kills it and begins again from the picture."""

    def __init__(self) -> None:
        self.distributor = Distributor(1)
        self.picture = Picture(lambda _: 0)
        self.epoch = 1
        self.log: list[object] = []
        self.offers: list[str] = []
        self.handle(settings(), START_MS)
        self.handle(events.AsteriskSnapshot((), ()), START_MS)

    def handle(self, event: events.Event, now_ms: int) -> None:
        decision = self.distributor.handle(event, now_ms)
        self.log.append(decision)
        assert decision.wake_at_ms is None or decision.wake_at_ms > now_ms
        for fact in decision.facts:
            self.picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))
        for command in decision.commands:
            if isinstance(command, OfferCall):
                self.offers += [command.offer, *(one.offer for one in command.beside)]

    def _aimed(self, event: object) -> events.Event:
        """The event with real offers in the place of "the latest" and the like."""
        if isinstance(event, events.AsteriskSnapshot):
            return replace(
                event, legs=tuple(replace(leg, offer=self._offer(leg.offer)) for leg in event.legs)
            )
        if isinstance(event, _ABOUT_OFFERS):
            return replace(event, offer=self._offer(event.offer))
        assert isinstance(event, events.Event)
        return event

    def _offer(self, which: str) -> str:
        return self.offers[-1 - int(which)] if which.isdigit() and int(which) < len(self.offers) else "9-9"

    def play(self, steps: list[tuple[object, int]]) -> None:
        now_ms = START_MS
        for event, pause_ms in steps:
            now_ms += pause_ms
            if event == "restart":
                self.epoch += 1
                self.distributor = Distributor(self.epoch)
                restored = restored_from(self.picture)
                self.handle(settings(), now_ms)
                self.handle(restored, now_ms)
            else:
                self.handle(self._aimed(event), now_ms)


steps = st.lists(st.tuples(any_event, st.sampled_from((0, 1, 500, 1500, 9000, 30_000))), max_size=60)


@hypothesis_settings(max_examples=300, deadline=None)
@given(steps)
def test_no_sequence_of_events_is_too_strange(steps: list[tuple[object, int]]) -> None:
    Run().play(steps)


three = st.sampled_from(("0", "1", "2"))  # the offers of one call that ring at once
what_phones_do = st.one_of(
    st.builds(events.OfferRang, three),
    st.builds(events.OfferAnswered, three),
    st.builds(events.OfferAnswered, three),
    st.builds(events.OfferConnected, three),
    st.builds(events.OfferFailed, st.just("2"), causes),
    st.builds(events.LegEnded, three, st.sampled_from((0, 16, 17, 21, 26)), heard=st.booleans()),
    st.builds(events.PickupAsked, agents),
    st.builds(events.AsteriskSnapshot, st.just(("c1",)), st.lists(legs, max_size=2).map(tuple)),
    st.just("restart"),
)


@hypothesis_settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(what_phones_do, st.sampled_from((0, 0, 0, 1, 1500))), max_size=12))
def test_of_several_that_ring_at_once_no_two_win(phones_do: list[tuple[object, int]]) -> None:
    """In whatever order answers, ends and restarts come, also within one millisecond."""
    run = Run()
    arrived = events.CallArrived("c1", "together", "", 0, "zh", START_MS)
    opening: list[tuple[object, int]] = [(events.AgentLoggedIn(one, f"p{one}"), 0) for one in AGENTS]
    opening += [(events.AgentBecameReady(one), 0) for one in AGENTS]
    run.play([*opening, (arrived, 0)])
    assert len(run.offers) == 3
    run.play(phones_do)
    said = [fact for decision in run.log for fact in decision.facts]  # type: ignore[attr-defined]
    won = {fact.segment for fact in said if isinstance(fact, facts.CallConnected)}
    assert len(won) <= 1
    for winner in won:
        ended = [fact.offer for fact in said if isinstance(fact, facts.OfferEnded)]
        assert winner not in ended
    ends = [fact.offer for fact in said if isinstance(fact, facts.OfferEnded)]
    assert len(ends) == len(set(ends))


@hypothesis_settings(max_examples=50, deadline=None)
@given(steps)
def test_the_same_events_give_the_same_decisions(steps: list[tuple[object, int]]) -> None:
    first, second = Run(), Run()
    first.play(steps)
    second.play(steps)
    assert first.log == second.log


def test_a_step_back_of_the_clock_counts_as_none() -> None:
    table = Table()
    table.run("""
        1000    ready 1001                 | 1001 ready
    """)
    decision = table.handle(events.AgentBecameNotReady("1001", "lunch"), 400)
    assert [fact.at_ms for fact in decision.facts] == [START_MS + 1000]


def test_what_has_happened_is_stronger_than_a_late_alarm() -> None:
    """The lease has run out, but the answer is here before the alarm: it counts."""
    Table().run("""
        given c1 rings at 1001 in orders
        13300   answered 1-1 | 1001 on_contact
                             | answered c1: waited 13200, rang 13100
    """)


def test_a_deadline_that_means_nothing_is_no_answer_to_the_event_before_it() -> None:
    """1001's work would be over while the phone rings for the same caller; the supervisor's deed is done."""
    Table().run("""
        given c1 talks with 1001 in service
        1000    leg_ended 1-1 16 transfer | talked c1: 800, held 0, by transfer
                                          | 1001 acw until 11000
        2000    arrive c1 service since=2000 entry=2 aims=1001 | queued c1 entry 2
                                          | offered c1 to 1001 as 1-2
                                          | 1001 offered until 11000
                                          | ! offer c1 to 1001 for 20000
        11001   force 1002 ready          | 1002 ready
                                          | acted force 1002 ready
    """)


def test_the_place_in_line_counts_by_queue() -> None:
    table = Table()
    table.run("""
        100     arrive c1 service sales since=100          | queued c1
        200     arrive c2 service since=50                 | queued c2
        300     arrive c3 orders since=10                  | queued c3
        400     arrive c4 service since=400 priority=1     | queued c4
        500     session_lost c4                            |
    """)
    position = table.distributor.position
    assert [position(contact) for contact in ("c1", "c2", "c3", "c4", "c5")] == [3, 2, 1, 1, None]
    table.run("""
        600     ready 1003                 | 1003 ready
                                           | offered c3 to 1003 as 1-1
                                           | 1003 offered
                                           | ! offer c3 to 1003 for 8000
    """)
    assert position("c3") is None


def test_an_event_of_an_unknown_kind_changes_nothing() -> None:
    class MoonRose(events.Event):
        pass

    decision = Table().handle(MoonRose(), 5)
    assert (decision.facts, decision.commands) == ((), ())
