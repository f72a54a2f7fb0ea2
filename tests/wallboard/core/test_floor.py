"""What a supervisor sees: agents with what can be done about them, waiting calls in order, closed queues."""

from __future__ import annotations

from stories import DAY_MS, Story, agent_state

from acd.core import facts
from acd.core.fact_codec import to_body
from acd.core.facts import Fact
from acd.core.picture import Picture
from hotline.core.settings import Agent, Queue, Reason, Settings, Text
from wallboard.core.floor import floor

SETTINGS = Settings(
    version=1,
    not_ready_reasons={"1": Reason("小休", "Break")},
    queues=(Queue("service", Text("业务", "Service")), Queue("sales", Text("销售", "Sales"))),
    agents=(Agent("1001", "王伟"), Agent("1002", "赵磊", role="supervisor"), Agent("1003", "李娜")),
)
REASONS = {"forced": Text("由班长置忙", "set by a supervisor")}


def floor_of(*told: Fact, now_ms: int = DAY_MS + 60_000) -> dict[str, object]:
    picture = Picture(lambda _: DAY_MS)
    for fact in told:
        picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))
    return floor(picture, SETTINGS, REASONS, now_ms)


def test_agents_with_state_reason_and_role() -> None:
    agents = floor_of(
        agent_state(DAY_MS, "1001", "not_ready", reason="1"),
        agent_state(DAY_MS, "1002", "not_ready", reason="forced"),
    )["agents"]
    assert agents["1001"]["reason"] == {"zh": "小休", "en": "Break"}  # type: ignore[index]
    assert agents["1002"]["reason"] == {"zh": "由班长置忙", "en": "set by a supervisor"}  # type: ignore[index]
    assert agents["1002"]["role"] == "supervisor"  # type: ignore[index]
    assert (agents["1003"]["state"], agents["1003"]["talks"]) == ("offline", False)  # type: ignore[index]


def test_how_long_hands_were_raised_today() -> None:
    told = [
        agent_state(DAY_MS, "1001", "ready"),
        facts.HelpAsked(DAY_MS + 1_000, "1001", "", ""),
        facts.HelpEnded(DAY_MS + 4_000, "1001", "1002", 3_000),
        facts.HelpAsked(DAY_MS + 5_000, "1001", "", ""),
        facts.HelpEnded(DAY_MS + 6_000, "1001", "agent", 1_000),
    ]
    helped = ("help_ms", "helped", "help_mean_ms")
    agents = floor_of(*told)["agents"]
    assert [agents["1001"][key] for key in helped] == [0, 2, 2_000]  # type: ignore[index]
    assert [agents["1003"][key] for key in helped] == [0, 0, 0]  # type: ignore[index]
    told.append(facts.HelpAsked(DAY_MS + 9_000, "1001", "", ""))
    agents = floor_of(*told)["agents"]
    assert [agents["1001"][key] for key in helped] == [DAY_MS + 9_000, 2, 2_000]  # type: ignore[index]


def test_who_talks_can_be_listened_to_and_who_is_rung_cannot() -> None:
    talking = Story("a").starts().queues("service").rings("1001").answered("1001")
    assert not floor_of(*talking.facts)["agents"]["1001"]["talks"]  # type: ignore[index]
    talking.connected("1001")
    assert floor_of(*talking.facts)["agents"]["1001"]["talks"]  # type: ignore[index]
    assert floor_of(*talking.facts)["calls"] == []


def test_only_supervisors_at_a_phone_can_be_chosen() -> None:
    assert floor_of()["supervisors"] == []
    ready = (agent_state(DAY_MS, "1001", "ready"), agent_state(DAY_MS, "1002", "ready"))
    assert floor_of(*ready)["supervisors"] == ["1002"]


def test_waiting_calls_the_longest_first_with_who_is_rung() -> None:
    one = Story("one", DAY_MS + 2_000).starts().queues("sales")
    two = Story("two", DAY_MS + 1_000).starts().queues("service").rings("1001")
    calls = floor_of(*one.facts, *two.facts, facts.CallPutFirst(DAY_MS + 3_000, "one", 1))["calls"]
    assert calls == [
        {
            "contact": "two",
            "queue": "service",
            "since_ms": DAY_MS + 1_000,
            "stage": "offered",
            "agent": "1001",
            "first": False,
            "place": 1,
            "step": 0,
            "steps": 0,
            "needs": "",
            "expected": None,
        },
        {
            "contact": "one",
            "queue": "sales",
            "since_ms": DAY_MS + 2_000,
            "stage": "waiting",
            "agent": "",
            "first": True,
            "place": 1,
            "step": 0,
            "steps": 0,
            "needs": "selling",
            "expected": None,
        },
    ]


def test_queues_are_open_until_closed_and_again_when_opened() -> None:
    closed = facts.QueueClosed(DAY_MS, "sales")
    queues = floor_of(closed)["queues"]
    assert [(name, queue["closed"]) for name, queue in queues.items()] == [  # type: ignore[attr-defined]
        ("service", False),
        ("sales", True),
    ]
    opened = floor_of(closed, facts.QueueOpened(DAY_MS + 1, "sales"))["queues"]
    assert not opened["sales"]["closed"]  # type: ignore[index]


def test_a_waiting_call_tells_its_place_its_step_and_what_was_promised() -> None:
    steps = [
        {"after_ms": 30_000, "needs": "x", "prefer": []},
        {"after_ms": 60_000, "needs": "", "prefer": []},
    ]
    now = DAY_MS + 2_000
    calls = floor_of(
        *Story("one", DAY_MS).starts().queues("service", steps=steps).facts,  # type: ignore[arg-type]
        *Story("two", DAY_MS + 1_000).starts().queues("service").facts,
        *Story("three", DAY_MS + 1_500).starts().queues("sales").facts,
        facts.CallPutFirst(now, "two", 1),
        facts.CallWidened(now, "one", 1, 1, "x", []),
        facts.WaitPromised(now, "one", 1, "service", now + 60_000, now + 90_000, 4, 2, ""),
        facts.WaitPromised(now + 1, "one", 1, "service", now + 30_000, now + 80_000, 5, 2, ""),
    )["calls"]
    found = {call["contact"]: call for call in calls}  # type: ignore[attr-defined]
    assert {contact: call["place"] for contact, call in found.items()} == {"one": 2, "two": 1, "three": 1}
    one = found["one"]
    assert (one["step"], one["steps"], one["needs"]) == (1, 2, "x")
    assert one["expected"] == {"low_ms": now + 30_000, "high_ms": now + 80_000, "agents": 5}


def test_queues_have_doors_and_the_day_has_figures() -> None:
    found = floor_of(facts.QueueClosed(DAY_MS + 7, "sales"))
    assert found["queues"]["sales"]["door"] == "closed"  # type: ignore[index]
    assert found["queues"]["sales"]["door_since_ms"] == DAY_MS + 7  # type: ignore[index]
    assert "promise_rate" in [row["key"] for row in found["day"]]  # type: ignore[attr-defined]
