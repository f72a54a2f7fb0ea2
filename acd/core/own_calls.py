"""Calls of an agent's own: while the phone has one, dialled out or direct, the agent is communicating.

The agent is not offered anything meanwhile, and goes on to what is intended when the last of these calls is
over. A conversation and its after-contact work are not touched; one who does not respond stays so. What a
phone does while nobody is logged in there is remembered for whoever logs in. Must not know offers.
"""

from __future__ import annotations

from collections.abc import Iterable

from acd.core import events
from acd.core.agents import OWN_CALL, Agent
from acd.core.floor import Floor


def phone_in_use(floor: Floor, event: events.PhoneInUse) -> None:
    """The phone's first call that is no offer."""
    _set_in_use(floor, event.phone, in_use=True)


def phone_free(floor: Floor, event: events.PhoneFree) -> None:
    """The phone's last call that was no offer is over."""
    _set_in_use(floor, event.phone, in_use=False)


def judge_phones(floor: Floor, in_use: Iterable[str]) -> None:
    """A snapshot shows which phones have calls of their own."""
    shown = dict.fromkeys(in_use)
    for phone in [one for one in floor.phones_in_use if one not in shown]:
        _set_in_use(floor, phone, in_use=False)
    for phone in shown:
        _set_in_use(floor, phone, in_use=True)


def _set_in_use(floor: Floor, phone: str, *, in_use: bool) -> None:
    if in_use == (phone in floor.phones_in_use):
        floor.ignore("the phone is known to be in use" if in_use else "the phone is known to be free")
        return
    if in_use:
        floor.phones_in_use[phone] = None
    else:
        del floor.phones_in_use[phone]
    # Not only the one logged in there: one whose phone was taken may still be in a conversation at it.
    judge_agents(floor, [one for one in floor.agents.values() if phone == one.phone or phone in one.also])


def judge_agents(floor: Floor, agents: Iterable[Agent]) -> None:
    """Tell of those whose phones are in use now, or no more: the phones have changed, or whose they are."""
    for agent in agents:
        if agent.own_call == floor.uses_phone(agent):
            continue
        agent.own_call = not agent.own_call
        pauses = agent.state == "communicating" and agent.reason != OWN_CALL
        if not pauses:  # which ends by its time
            floor.tell_agent(agent, "phone_in_use" if agent.own_call else "phone_free")
