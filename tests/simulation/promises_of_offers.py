"""What is promised of offers: to the right agent in the right order, one winner, true times."""

from __future__ import annotations

from known_house import PAUSE_MS, Agent, Entry, Known, Offer
from promises_of_calls import keep_place

from acd.core import facts
from acd.core.choice import chance
from acd.core.needs import Needs


def call_offered(known: Known, fact: facts.CallOffered) -> None:
    """To one who is free, of a call that waits with a session, and when all who wait are back."""
    entry, agent = known.entries.get(fact.contact), known.agents[fact.agent]
    known.expect(entry is not None, f"{fact} of a call that does not wait")
    assert entry is not None
    beside = [one for one in entry.offers if known.offers[one].dial == fact.dial]
    known.expect(not entry.offers or bool(beside), f"{fact} while {entry.offers} are open")
    known.expect(len(beside) < entry.rules.ring, f"{fact} beside {beside}")
    known.expect(not entry.dial, f"{fact} while the Dial of {entry.dial} may run")
    known.expect(entry.has_session, f"{fact} without a session")
    known.expect(known.linked and not known.is_held(), f"{fact} before {known.awaited} came back")
    known.expect(not entry.leaves, f"{fact}, but the caller leaves")
    open_ones = [one for one in known.offers.values() if one.agent == fact.agent and not one.over]
    known.expect(not open_ones, f"{fact} while {open_ones} is open")
    if fact.proof.get("aimed") == "took":
        _check_taker(known, fact, agent)
    elif "aimed" in fact.proof:
        _check_aim(known, fact, entry, agent)
    else:
        _check_order(known, fact, entry, agent, len(beside))
    agent.mark = ""
    agent.offered_ms = known.now_ms
    known.expect(fact.offer not in known.offers, f"{fact}: the id was given before")
    agent.last_offer = fact.offer
    entry.offers.append(fact.offer)
    known.offers[fact.offer] = Offer(
        fact.contact, fact.entry, fact.agent, fact.dial, after_contact_ms=entry.rules.after_contact_ms
    )


def call_picked_up(known: Known, fact: facts.CallPickedUp) -> None:
    """It rings at somebody else's phone, and nobody else may have an older one."""
    entry = known.entries.get(fact.contact)
    known.expect(entry is not None and fact.contact in _open_to(known, fact.agent), f"{fact} of {entry}")
    assert entry is not None
    for contact in _open_to(known, fact.agent):
        other = known.entries[contact]
        older = (other.wait_since_ms, contact) < (entry.wait_since_ms, fact.contact)
        known.expect(bool(fact.whose) or not older, f"{fact}, but {contact} is older")
    rings_at = [known.offers[one].agent for one in entry.offers]
    known.expect(not fact.whose or fact.whose in rings_at, f"{fact}, but it rings at {rings_at}")
    known.wanted[fact.contact] = (fact.agent, known.now_ms)
    known.picked_up.add(fact.contact)


def _open_to(known: Known, agent: str) -> list[str]:
    """Contacts that ring, not at this agent's phone, and that the agent may pick up."""
    found = []
    for contact, entry in known.entries.items():
        ringing = [known.offers[one] for one in entry.offers]
        who = known.rules.get(entry.queue, entry.rules).pickup
        has_skills = agent in known.skills and entry.needs.met_by(known.skills[agent])
        may = who == "anyone" or (who == "skilled" and has_skills)
        wanted_ms = known.wanted.get(contact, ("", -PAUSE_MS))[1]
        is_free = known.now_ms - wanted_ms >= PAUSE_MS
        if ringing and may and is_free and not any(one.answered or one.agent == agent for one in ringing):
            found.append(contact)
    return found


def _check_taker(known: Known, fact: facts.CallOffered, agent: Agent) -> None:
    """The agent asked for this call a moment ago, and is not held by anything."""
    taker, at_ms = known.wanted.pop(fact.contact, ("", 0))
    known.picked_up.discard(fact.contact)
    known.expect(taker == fact.agent and known.now_ms - at_ms <= PAUSE_MS, f"{fact}: {taker} wants it")
    can = agent.state in ("ready", "not_ready", "not_responding", "communicating")
    known.expect(can and agent.mark != "unreachable", f"{fact} to {agent}")


def _check_aim(known: Known, fact: facts.CallOffered, entry: Entry, agent: Agent) -> None:
    """The call is meant for this agent, who is ready, or works on this very call."""
    known.expect(fact.agent in entry.aims, f"{fact}, meant for {entry.aims}")
    del entry.aims[: entry.aims.index(fact.agent) + 1]
    is_ready = (agent.state, agent.intent) == ("ready", "ready")
    last = known.offers.get(agent.last_offer)
    works_on_it = agent.state == "acw" and last is not None and last.contact == fact.contact
    known.expect(is_ready or works_on_it, f"{fact} to {agent}")
    agent.recalled_until_ms = 0 if is_ready else agent.acw_until_ms


def _check_order(known: Known, fact: facts.CallOffered, entry: Entry, agent: Agent, place: int) -> None:
    """The agent is ready and the best for this call, and nobody is overtaken."""
    is_paused = agent.mark in ("busy", "unknown") and known.now_ms >= agent.marked_ms + PAUSE_MS
    known.expect(not agent.mark or is_paused, f"{fact} to {agent}")
    known.expect((agent.state, agent.intent) == ("ready", "ready"), f"{fact} to {agent}")
    known.expect(fact.phone not in known.in_use, f"{fact} to a phone in use")
    known.expect(known.serves(fact.agent, entry), f"{fact} to one who does not meet the needs")
    known.expect(not entry.aims, f"{fact}, but it is meant for {entry.aims}")
    late = [at_ms for at_ms, _ in entry.widens if at_ms <= known.now_ms]
    known.expect(not late, f"{fact}, though a step was due at {late}")
    for contact, other in known.entries.items():
        overtaken = other.key < entry.key and known.is_in_line(contact)
        known.expect(not (overtaken and known.serves(fact.agent, other)), f"{fact} overtakes {contact}")
    _check_choice(known, fact, entry, place)


def _check_choice(known: Known, fact: facts.CallOffered, entry: Entry, place: int) -> None:
    """The agent is the best of those who could be offered the call, by the queue's policy of now.

    place: so many were offered it before this one, to ring at once.
    """
    ready = [
        (number, one)
        for number, one in known.agents.items()
        if one.state == "ready" and known.serves(number, entry)
    ]
    policy = known.rules.get(fact.queue, entry.rules).agent_choice
    best = min(
        (_rank(known, policy, number, fact, entry.needs), one.idle_since_ms, number) for number, one in ready
    )[2]
    known.expect(best == fact.agent, f"{fact}, but {best} is better by {policy}")
    known.expect(fact.proof["best"][place]["agent"] == fact.agent, f"{fact} proves another")
    known.expect(fact.proof["policy"] == policy, f"{fact} proves another policy than {policy}")


def _rank(known: Known, policy: str, number: str, fact: facts.CallOffered, needs: Needs) -> int:
    """By what a policy chooses, the least first, from what the facts have told."""
    agent, skills = known.agents[number], known.skills[number]
    match policy:
        case "least_occupied":
            worked_ms = agent.busy_ms + agent.free_ms + known.now_ms - agent.told_ms
            return agent.busy_ms * 1_000_000 // worked_ms if worked_ms else 0
        case "fewest_contacts":
            return agent.contacts
        case "highest_level":
            return -sum(skills.get(skill, 0) for skill in needs.skills())
        case "least_versatile":
            return len(skills)
        case "round_robin":
            return agent.offered_ms
        case "fixed_order":
            return known.places[number]
        case "random":
            return chance(fact.proof["seed"], number)
    return agent.idle_since_ms


def offer_rang(known: Known, fact: facts.OfferRang) -> None:
    """Of an offer that is open."""
    offer = known.offers[fact.offer]
    known.expect(not offer.over and not offer.answered, f"{fact} of {offer}")
    offer.rang = True


def offer_ended(known: Known, fact: facts.OfferEnded) -> None:
    """Of an offer that led to no conversation, once."""
    offer = known.offers[fact.offer]
    known.expect(not offer.over and not offer.connected_ms, f"{fact} of {offer}")
    known.expect(fact.ring_ms >= 0, f"{fact}: negative time")
    offer.over = fact.cause
    entry = known.entries.get(fact.contact)
    known.expect(entry is not None and fact.offer in entry.offers, f"{fact}, but the call has {entry}")
    assert entry is not None
    entry.offers.remove(fact.offer)
    entry.answered_wait_ms = -1
    known.expect(
        not offer.cancelled or offer.answered or fact.cause != "unreachable", f"{fact} after our cancel"
    )
    agent = known.agents[fact.agent]
    if fact.cause in ("no_answer", "busy", "unknown", "unreachable") and not agent.mark:
        agent.mark, agent.marked_ms = fact.cause, known.now_ms


def call_answered(known: Known, fact: facts.CallAnswered) -> None:
    """By one phone alone; the wait counts from the entry's beginning."""
    offer, entry = known.offers[fact.offer], known.entries[fact.contact]
    known.expect(not offer.over and not offer.answered, f"{fact} of {offer}")
    known.expect(entry.offers == [fact.offer], f"{fact}, but {entry.offers} are open: who wins?")
    offer.answered = True
    if fact.contact in known.picked_up:
        known.picked_up.discard(fact.contact)
        known.wanted.pop(fact.contact, None)
    entry.answered_wait_ms = fact.wait_ms
    waited_ms = fact.at_ms - entry.wait_since_ms
    known.expect(fact.wait_ms == waited_ms, f"{fact}: wait counts from {entry.wait_since_ms}")


def call_connected(known: Known, fact: facts.CallConnected) -> None:
    """One winner per entry, whoever else answers."""
    offer = known.offers[fact.segment]
    known.expect(offer.answered and not offer.connected_ms and not offer.over, f"{fact} of {offer}")
    winner = known.winners.setdefault((fact.contact, offer.entry), fact.segment)
    known.expect(winner == fact.segment, f"{fact}, but {winner} has won")
    offer.connected_ms = fact.at_ms


def hold_changed(known: Known, fact: facts.HoldChanged) -> None:
    """In a conversation."""
    offer = known.offers[fact.segment]
    known.expect(offer.connected_ms > 0 and not offer.over, f"{fact} of {offer}")
    if fact.held:
        offer.held_since_ms = known.now_ms
    else:
        offer.hold_ms += known.now_ms - offer.held_since_ms
        offer.held_since_ms = 0


def segment_ended(known: Known, fact: facts.SegmentEnded) -> None:
    """With the talk and hold that were."""
    offer = known.offers[fact.segment]
    known.expect(offer.connected_ms and not offer.over, f"{fact} of {offer}")
    known.expect(fact.at_ms >= max(offer.connected_ms, offer.held_since_ms), f"{fact} before {offer}")
    held_ms = offer.hold_ms + (fact.at_ms - offer.held_since_ms if offer.held_since_ms else 0)
    known.expect(fact.hold_ms == held_ms, f"{fact}: on hold for {held_ms}")
    known.expect(fact.talk_ms == fact.at_ms - offer.connected_ms - held_ms, f"{fact}: since {offer}")
    offer.over = "segment"
    if fact.hung_up_by == "lost":
        keep_place(known, fact.contact, fact.at_ms)
    known.agents[fact.agent].must_work = offer.after_contact_ms > 0
    known.agents[fact.agent].contacts += 1
