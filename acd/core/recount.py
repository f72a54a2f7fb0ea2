"""The choice behind an offer, made once more from facts and settings alone: it must come out as proved.

A proof says what the distributor saw in its memory; a scene is what the facts up to there tell to anybody.
Where the two differ, the proof, the facts or the fold of them is wrong, and the reader should be alarmed.
This module must not know where facts and settings come from, nor in what words they are told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from acd.core.agents import Agent
from acd.core.choice import LONGEST_IDLE, POLICIES, rank_of, tie_break
from acd.core.events import SettingsChanged
from acd.core.floor import BUSY_STATES
from acd.core.kept_rules import rules_from
from acd.core.needs import Needs, NeedsError, parse_needs
from acd.core.pairing import BEST_KEPT, Candidate
from acd.core.picture import Picture
from acd.core.views import AgentView, ContactView
from hotline.core.phrases import Phrase, phrase

Proof = Mapping[str, Any]
Clock = Callable[[int], str]
"""An instant (ms since the epoch) as people read it."""


@dataclass(frozen=True)
class Scene:
    """The moment before an offer: the picture folded up to there and no further, the settings in force."""

    at_ms: int
    picture: Picture
    settings: SettingsChanged

    @cached_property
    def agents(self) -> dict[str, Agent]:
        """Agents by number as the distributor knew them; one of whom no fact tells is offline."""
        return {
            profile.number: self._agent(profile.number, dict(profile.skills), place)
            for place, profile in enumerate(self.settings.agents)
        }

    def view(self, number: str) -> AgentView:
        """What the facts tell of one agent."""
        return self.picture.agents.get(number, AgentView())

    def _agent(self, number: str, skills: dict[str, int], place: int) -> Agent:
        view, day = self.view(number), self.picture.agent_day(number, self.at_ms)
        return Agent(
            number,
            skills,
            place=place,
            state=view.state,
            idle_since_ms=view.idle_since_ms,
            offered_ms=view.offered_ms,
            counted_ms=self.at_ms,
            busy_ms=sum(day.states_ms.get(state, 0) for state in BUSY_STATES),
            free_ms=day.states_ms.get("ready", 0),
            contacts=day.handled,
        )

    def best(self, proof: Proof) -> list[Candidate]:
        """Those who could have been offered the call, the best first, by the policy that the proof names."""
        needs = needs_of(proof)
        rank = rank_of(
            policy_of(proof), needs.skills(), proof.get("seed", ""), self.at_ms, self.picture.day_ms
        )
        return sorted(
            (rank(agent), agent.idle_since_ms, agent.number)
            for agent in self.agents.values()
            if self.excluded_by(agent, needs, proof) is None
        )

    def excluded_by(self, agent: Agent, needs: Needs, proof: Proof) -> str | None:
        """The first reason for which the agent could not be offered the call, as proofs count them."""
        if not needs.met_by(agent.skills):
            return "lacks_skills"
        preferred = proof.get("preferred")
        if preferred and agent.number not in preferred:
            return "not_preferred"
        return None if agent.state == "ready" else agent.state


def needs_of(proof: Proof) -> Needs:
    """The needs that were asked; an expression that cannot be read any more asks for nothing."""
    try:
        return parse_needs(proof.get("needs", ""))
    except NeedsError:
        return parse_needs("")


def policy_of(proof: Proof) -> str:
    """The policy that chose; proofs from before there were several do not name it."""
    return str(proof.get("policy", LONGEST_IDLE))


def recount(offer: Mapping[str, Any], scene: Scene) -> tuple[Phrase, ...]:
    """What an offer's proof says otherwise than its facts do; empty when the same choice comes out.

    offer: the body of a CallOffered; of several phones that ring at once, the first.
    """
    proof = offer["proof"]
    needs = needs_of(proof)
    best = scene.best(proof)
    excluded = Counter(
        reason
        for agent in scene.agents.values()
        if (reason := scene.excluded_by(agent, needs, proof)) is not None
    )
    listed = [(*_key_of(one), one["agent"]) for one in proof["best"]]
    again = [_as_listed(one, proof) for one in best[:BEST_KEPT]]
    chosen = best[0][2] if best else ""
    pairs: list[tuple[str, object, object]] = [
        ("agent", offer["agent"], chosen),
        ("settings", proof["settings_version"], scene.settings.version),
        ("candidates", proof["candidates"], len(best)),
        ("excluded", dict(sorted(proof["excluded"].items())), dict(sorted(excluded.items()))),
        ("best", listed, again),
        *_asked_pairs(offer, scene),
    ]
    rules = scene.picture.contacts.get(offer["contact"], ContactView(0)).rules
    if rules:  # facts from before calls kept their rules have none
        rung = min(rules_from(offer["queue"], rules).ring, len(best))
        pairs.append(("ring", ring_of(proof), max(1, rung)))
    return _differences(pairs)


def recount_beside(offer: Mapping[str, Any], first: Mapping[str, Any], place: int) -> tuple[Phrase, ...]:
    """What the offer of a further phone says otherwise than that of the first which rings at once with it.

    place: among the phones that ring, the first having 0.
    """
    listed = [one["agent"] for one in first["proof"].get("best", ())][: ring_of(first["proof"])]
    pairs: list[tuple[str, object, object]] = [
        ("agent", offer["agent"], listed[place] if place < len(listed) else ""),
        ("beside", offer["proof"], first["proof"]),
    ]
    return _differences(pairs)


def ring_of(proof: Proof) -> int:
    """How many phones ring at once; a proof says it only of several."""
    return int(proof.get("ring", 1))


def _differences(pairs: Iterable[tuple[str, object, object]]) -> tuple[Phrase, ...]:
    return tuple(
        phrase("explain.differs", what=phrase(f"explain_part.{what}"), proof=said, facts=found)
        for what, said, found in pairs
        if said != found
    )


def _asked_pairs(offer: Mapping[str, Any], scene: Scene) -> list[tuple[str, object, object]]:
    """What the proof says of the call and its queue, beside what facts and settings say of them."""
    proof = offer["proof"]
    call = scene.picture.contacts.get(offer["contact"], ContactView(0))
    queues = {rules.name: rules for rules in scene.settings.queues}
    rules = queues.get(offer["queue"])
    pairs: list[tuple[str, object, object]] = [
        ("entry", offer["entry"], call.entry),
        ("needs", proof["needs"], call.needs),
        ("priority", proof["priority"], call.priority),
        ("wait_since", proof["wait_since_ms"], call.wait_since_ms),
        ("step", proof["step"], getattr(call, "step", 0)),
        ("preferred", list(proof.get("preferred", ())), list(call.prefer)),
    ]
    if rules is not None and "policy" in proof:
        pairs.append(("policy", proof["policy"], rules.agent_choice))
    if "policy" in proof:
        policy = policy_of(proof) if rules is None else rules.agent_choice
        words = tie_break(policy) if policy in POLICIES else ""
        pairs.append(("tie_break", proof.get("tie_break", ""), words))
    return pairs


def _key_of(listed: Mapping[str, Any]) -> tuple[int, ...]:
    """Proofs from before there were policies have no key."""
    return (listed["key"], listed["idle_since_ms"]) if "key" in listed else (listed["idle_since_ms"],)


def _as_listed(candidate: Candidate, proof: Proof) -> tuple[object, ...]:
    key, idle_since_ms, number = candidate
    has_keys = any("key" in one for one in proof["best"])
    return (key, idle_since_ms, number) if has_keys else (idle_since_ms, number)
