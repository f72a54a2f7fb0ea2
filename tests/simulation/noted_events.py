"""What events tell of the house before anything is decided on them: sessions, marks, wishes, skills."""

from __future__ import annotations

from known_house import COME_BACK_MS, Known

from acd.core import events, facts
from acd.core.distributor import Decision


def note_restart(known: Known) -> None:
    """No session of the old process is left, and no Dial that it could command."""
    known.linked = False
    known.wanted.clear()
    known.picked_up.clear()
    for entry in known.entries.values():
        entry.has_session, entry.dial = False, ""
    for agent in known.agents.values():
        last = known.offers.get(agent.last_offer)
        agent.is_idle_unsure = agent.state in ("offered", "unknown") and last is not None and bool(last.over)
        if agent.is_idle_unsure or agent.mark != "no_answer":
            # A mark is remembered by the state it led to: not_responding; a pause may be forgotten.
            agent.mark = ""


def note_event(known: Known, event: events.Event, decision: Decision, *, is_torn: bool) -> None:
    """Take in one event; decision: what came of it, for an ignored one has meant nothing.

    is_torn: acd was killed in the midst of it, and knows of the event only what its facts say.
    """
    known.finished_work.clear()
    if isinstance(event, events.AsteriskSnapshot):
        known.in_use = set(event.phones_in_use)
    match event:
        case events.CallArrived(contact=contact):
            known.awaited.discard(contact)
            if contact in known.entries:
                known.entries[contact].has_session, known.entries[contact].dial = True, ""
                known.entries[contact].leaves = False
        case events.CallerHungUp(contact=contact):
            known.awaited.discard(contact)
            known.gone.add(contact)
        case events.CallWithdrawn(contact=contact):
            known.awaited.discard(contact)  # though a list may show it as waiting yet
        case events.SessionLost(contact=contact) if contact in known.entries:
            known.entries[contact].has_session = known.entries[contact].leaves = False
        case events.OfferFailed(offer=offer):
            for entry in known.entries.values():
                if entry.dial == offer:
                    entry.dial = ""
        case events.OfferRang(offer=offer) if offer in known.offers and not (decision.ignored or is_torn):
            known.offers[offer].rang = True
        case events.CallTaken(contact=contact, agent=agent) if not decision.ignored:
            known.wanted[contact] = agent, known.now_ms
        case events.PhoneInUse(phone=phone):
            known.in_use.add(phone)
        case events.PhoneFree(phone=phone):
            known.in_use.discard(phone)
        case events.AsteriskLost():
            known.linked = False
        case events.AsteriskSnapshot() if not known.linked:
            known.linked, known.hold_until_ms = True, known.now_ms + COME_BACK_MS
            _wait_for_callers(known, event, decision)
        case events.SettingsChanged(agents=agents, queues=queues):
            known.skills = {profile.number: dict(profile.skills) for profile in agents}
            known.rules = {rules.name: rules for rules in queues}
            known.places = {profile.number: place for place, profile in enumerate(agents)}
        case _:
            _note_agent(known, event, decision)


def _wait_for_callers(known: Known, event: events.AsteriskSnapshot, decision: Decision) -> None:
    """Open entries that live without a session or a Dial, and those the journal does not know."""
    lost = {fact.contact for fact in decision.facts if isinstance(fact, facts.CallLeftQueue)}
    ended = {fact.offer for fact in decision.facts if isinstance(fact, facts.OfferEnded)}
    away = {
        contact
        for contact, entry in known.entries.items()
        if contact in event.contacts and not entry.has_session and ended.issuperset(entry.offers)
    }
    over = {fact.segment for fact in decision.facts if isinstance(fact, facts.SegmentEnded)}
    talking = {
        offer.contact
        for name, offer in known.offers.items()
        if offer.connected_ms and not offer.over and name not in over
    }
    unknown = {one for one in event.waiting if one not in known.entries} - known.gone - talking
    known.awaited = (away | unknown) - lost


def _note_agent(known: Known, event: events.Event, decision: Decision) -> None:
    number = getattr(event, "agent", "")
    if number not in known.agents or decision.ignored:
        return
    agent = known.agents[number]
    match event:
        case events.AgentForced(to="ready"):
            agent.mark = "" if agent.mark != "unreachable" else agent.mark
        case events.AgentForced(to="work_over" | "logged_out"):
            known.finished_work.add(number)
        case events.AgentBecameReady():
            agent.mark = ""
        case events.AgentLoggedIn() | events.PhoneBecameReachable():
            agent.mark = "" if agent.mark == "unreachable" else agent.mark
        case events.PhoneBecameUnreachable():
            agent.mark = "unreachable"
        case events.AgentFinishedWork() | events.AgentLoggedOut():
            known.finished_work.add(number)
        case events.AgentGaveDisposition() if agent.awaits_code:
            known.finished_work.add(number)
        case _:
            pass
