"""Invented days of a hotline, as acd's facts: for tests of whatever counts or keeps facts.

`random_day` tells a seeded day with every way a contact can go; the same seed tells the same day. `facts_of`
tells one contact in words, for tests that need to know exactly what happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from acd.core.facts import (
    AgentStateChanged,
    CallAnswered,
    CallConnected,
    CallLeftQueue,
    CallOffered,
    CallQueued,
    ContactEnded,
    ContactStarted,
    Fact,
    HoldChanged,
    MediaMeasured,
    MediaSilent,
    OfferEnded,
    OfferRang,
    SegmentEnded,
)

DAY_MS = 1_767_225_600_000
"""A midnight in UTC."""

TARGET_MS = 15_000
QUEUES = ("sales", "service", "售后")
FLOW_OUTCOMES = ("blocked", "closed", "voice_message", "message", "refused", "hung_up", "")


@dataclass
class Story:
    """Facts of one contact, one after the other; time only goes forward."""

    contact: str
    now_ms: int = DAY_MS
    facts: list[Fact] = field(default_factory=list)
    entry: int = 0
    queue: str = "sales"
    wait_since_ms: int = 0
    offers: int = 0

    @property
    def offer(self) -> str:
        return f"{self.contact}-o{self.offers}"

    def after(self, passed_ms: int) -> Story:
        self.now_ms += passed_ms
        return self

    def starts(self, direct: bool = False) -> Story:
        self.facts.append(ContactStarted(self.now_ms, self.contact, "12345", "carrier", direct, "caller-1"))
        return self

    def queues(self, queue: str = "sales", **more: Any) -> Story:
        self.entry += 1
        self.queue, self.wait_since_ms = queue, self.now_ms
        needs = {"sales": "selling", "service": ""}.get(queue, "repair>=3")
        self.facts.append(
            CallQueued(self.now_ms, self.contact, self.entry, queue, needs, 1, "zh", self.now_ms, 7, **more)
        )
        return self

    def rings(self, agent: str = "1001", *, begins: bool = True) -> Story:
        self.offers += 1
        expires_ms = self.now_ms + 25_000
        about = (self.contact, self.entry, self.offer, agent, f"phone-{agent}", self.queue, expires_ms, {})
        self.facts.append(CallOffered(self.now_ms, *about))
        self._agent(agent, "offered")
        if begins:
            self.facts.append(OfferRang(self.now_ms, self.contact, self.offer, agent))
        return self

    def offer_ends(self, cause: str = "no_answer", agent: str = "1001") -> Story:
        self.facts.append(OfferEnded(self.now_ms, self.contact, self.offer, agent, cause, 20_000))
        self._agent(agent, "not_responding" if cause == "no_answer" else "ready")
        return self

    def answered(self, agent: str = "1001") -> Story:
        wait_ms = self.now_ms - self.wait_since_ms
        about = (self.contact, self.entry, self.offer, agent, self.queue, wait_ms, 2_000, TARGET_MS)
        self.facts.append(CallAnswered(self.now_ms, *about))
        self._agent(agent, "on_contact")
        return self

    def connected(self, agent: str = "1001") -> Story:
        recording = f"incoming/{self.offer}"
        self.facts.append(CallConnected(self.now_ms, self.contact, self.offer, agent, self.queue, recording))
        return self.leaves("answered")

    def held(self, held: bool, agent: str = "1001") -> Story:
        self.facts.append(HoldChanged(self.now_ms, self.contact, self.offer, agent, held))
        return self

    def silent(self) -> Story:
        self.facts.append(MediaSilent(self.now_ms, self.contact, self.offer, "caller", 5_000))
        return self

    def segment_ends(
        self, talk_ms: int, hold_ms: int = 0, by: str = "agent", acw_ms: int = 0, agent: str = "1001"
    ) -> Story:
        about = (self.contact, self.offer, agent, self.queue, talk_ms, hold_ms, by, 16)
        self.facts.append(SegmentEnded(self.now_ms, *about))
        measured = (self.contact, self.offer, "agent", "alaw", 500, 500, 1, 0, 0.5, 0.4, 12.5)
        self.facts.append(MediaMeasured(self.now_ms, *measured))
        if acw_ms:
            self._agent(agent, "acw", until_ms=self.now_ms + acw_ms)
            now_ms, self.now_ms = self.now_ms, self.now_ms + acw_ms
            self._agent(agent, "ready")
            self.now_ms = now_ms
        else:
            self._agent(agent, "ready")
        return self

    def leaves(self, how: str, to: str = "") -> Story:
        wait_ms = self.now_ms - self.wait_since_ms
        self.facts.append(CallLeftQueue(self.now_ms, self.contact, self.entry, self.queue, how, to, wait_ms))
        return self

    def ends(
        self, outcome: str = "", *, by: str = "caller", digit: int = 0, asked: bool = False, stage: str = ""
    ) -> Story:
        stage = stage or ("survey" if asked else "flow")
        self.facts.append(
            ContactEnded(self.now_ms, self.contact, stage, outcome, by, 16, "", digit, asked or digit > 0)
        )
        return self

    def _agent(self, agent: str, state: str, until_ms: int = 0) -> None:
        self.facts.append(agent_state(self.now_ms, agent, state, self, until_ms=until_ms))


def agent_state(
    at_ms: int, agent: str, state: str, story: Story | None = None, *, reason: str = "", until_ms: int = 0
) -> AgentStateChanged:
    """An agent's state, about a story's contact or about none."""
    held = story is not None and state in ("offered", "on_contact", "on_hold", "acw")
    intent = {"offline": "offline", "not_ready": "not_ready"}.get(state, "ready")
    return AgentStateChanged(
        at_ms=at_ms,
        agent=agent,
        state=state,
        reason=reason,
        intent=intent,
        phone="" if state == "offline" else f"phone-{agent}",
        contact=story.contact if story and held else "",
        queue=story.queue if story and held else "",
        until_ms=until_ms,
        offer=story.offer if story and held and state != "acw" else "",
        idle_since_ms=at_ms if state == "ready" else 0,
    )


def random_day(
    seed: int, *, contacts: int = 100, start_ms: int = DAY_MS, length_ms: int = 7_200_000
) -> list[Fact]:
    """A day's facts in order of time; some contacts are still open at its end."""
    chance = Random(seed)
    free_ms = {f"10{number:02}": start_ms for number in range(10)}
    facts: list[Fact] = [agent_state(start_ms, agent, "ready") for agent in free_ms]
    for number, began_ms in enumerate(sorted(chance.randrange(length_ms) for _ in range(contacts))):
        story = Story(f"{seed}.{number}", start_ms + began_ms).starts()
        _go_through(story, chance, free_ms)
        facts += story.facts[: len(story.facts) if chance.random() < 0.95 else chance.randrange(1, 6)]
    return sorted(facts, key=lambda fact: fact.at_ms)


def _go_through(story: Story, chance: Random, free_ms: dict[str, int]) -> None:
    story.after(chance.randrange(8_000))
    if chance.random() < 0.3:
        story.ends(chance.choice(FLOW_OUTCOMES))
        return
    for _ in range(chance.choice((1, 1, 1, 2))):
        how = _wait(story.queues(chance.choice(QUEUES)), chance, free_ms)
        if how != "out":
            break
        story.leaves("out", "menu:main").after(3_000)
    else:
        story.ends("voice_message")


def _wait(story: Story, chance: Random, free_ms: dict[str, int]) -> str:
    for agent in _free_agents(story, chance, free_ms):
        story.after(chance.randrange(12_000))
        end = chance.random()
        if end < 0.1:
            story.leaves("abandoned").ends("queued", by="caller")
            return "abandoned"
        if end < 0.15:
            story.leaves("lost").ends("queued", by="lost")
            return "lost"
        if end < 0.25:
            return "out"
        story.rings(agent, begins=chance.random() < 0.9).after(chance.randrange(20_000))
        if end < 0.4:
            story.offer_ends(chance.choice(("no_answer", "busy", "rejected", "withdrawn")), agent)
            free_ms[agent] = story.now_ms
            continue
        story.answered(agent)
        if end < 0.45:
            story.offer_ends("agent_gone", agent)
            free_ms[agent] = story.now_ms
            continue
        _talk(story, chance, agent, free_ms)
        return "answered"
    story.leaves("abandoned").ends("queued", by="caller")
    return "abandoned"


def _free_agents(story: Story, chance: Random, free_ms: dict[str, int]) -> Iterator[str]:
    for _ in range(4):
        free = [agent for agent in free_ms if free_ms[agent] <= story.now_ms]
        if not free:
            return
        agent = chance.choice(free)
        free_ms[agent] = story.now_ms + 10_000_000  # until the story says otherwise
        yield agent


def _talk(story: Story, chance: Random, agent: str, free_ms: dict[str, int]) -> None:
    talk_ms, hold_ms = chance.randrange(1_000, 300_000), chance.choice((0, 0, 5_000))
    story.after(1_500).connected(agent)
    if hold_ms:
        story.held(True, agent).after(hold_ms).held(False, agent)
    if chance.random() < 0.05:
        story.silent()
    acw_ms = chance.choice((0, 10_000))
    story.after(talk_ms).segment_ends(
        talk_ms, hold_ms, chance.choice(("agent", "caller", "transfer")), acw_ms, agent
    )
    free_ms[agent] = story.now_ms + acw_ms
    asked = chance.random() < 0.7
    story.after(2_000).ends("queued", digit=chance.randrange(6) if asked else 0, asked=asked)
