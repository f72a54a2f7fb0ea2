"""How an offer is dialled: the phones, Dial's options, and why it failed by what Dial says afterwards."""

from __future__ import annotations

from acd.core.commands import OfferCall, RungBeside
from hotline.core.settings import Queue
from telephony import variables
from telephony.dial import DialOptions

# Dial's timeout is whole seconds in the dialplan's grammar but takes fractions; the lease outlasts it by 5 s.
CAUSE_BY_DIALSTATUS = {
    "NOANSWER": "no_answer",
    "BUSY": "busy",
    "CHANUNAVAIL": "unreachable",
    "CONGESTION": "unreachable",
    "CANCEL": "withdrawn",
    "ANSWER": "agent_gone",
}
Q850_REJECTED = 21


def failed_cause(status: str, cause: str, *, rang: bool) -> str:
    """Tell apart why an offer failed, from DIALSTATUS, HANGUPCAUSE (Q.850) and whether the phone rang.

    A phone that was not heard of at all did not ring in vain: it is unplugged, or the network is.
    When time ran out, the cause is that of another phone which had been rung beside it and refused before.
    Source: app_dial.c (RINGTIME and PROGRESSTIME stay empty then); a phone's 603 (and 486 with "rejected"
    semantics on some phones) gives cause 21.
    """
    if cause == str(Q850_REJECTED) and status != "NOANSWER":
        return "rejected"
    if status == "NOANSWER" and not rang:
        return "unreachable"
    return CAUSE_BY_DIALSTATUS.get(status, "unknown")


def dial_options(
    order: OfferCall,
    queue: Queue,
    *,
    ringing: bool,
    codes: bool = False,
    verdict: str = "",
) -> DialOptions:
    """g: the session goes on after the agent's hang-up (survey); m: music goes on while the phone rings.

    codes: the agent may transfer by codes. Each leg gets its offer by Dial, before it rings: a command of its
    own beforehand would keep the phone waiting. Of several phones Dial tells the caller no number, because it
    takes it before anybody has answered: see `acd.adapters.winners`.
    verdict: a prompt that the agent hears in place of the queue's.
    """
    whisper = verdict or (queue.whisper if queue.announce_queue else "")
    says_number = queue.announce_agent and not order.beside
    return DialOptions(
        go_on=True,
        music=None if ringing else queue.music,
        announce_to_agent=f"hotline/{whisper}" if whisper else "",
        announce_to_caller=f"hotline/agent-{order.agent}" if says_number else "",
        subroutine=("agent-leg", "1"),
        before_ringing=("leg-offer",) if order.beside else ("leg-offer", order.offer),
        answer_caller=ringing,
        codes=codes,
    )


def offers_by_phone(order: OfferCall) -> list[str]:
    """MSet's arguments: each phone's offer, for its leg to find (extensions.conf, [leg-offer])."""
    return [f"{variables.inherited(variables.LEG + phone)}={offer}" for phone, offer in phones_of(order)]


def phones_of(order: OfferCall) -> list[tuple[str, str]]:
    """The phones to ring, each once, with its offer: an agent's further phones ring by the agent's offer."""
    first = RungBeside(order.offer, order.agent, order.phone, order.also)
    offers: dict[str, str] = {}
    for one in (first, *order.beside):
        for phone in (one.phone, *one.also):
            offers.setdefault(phone, one.offer)
    return list(offers.items())
