"""The floor as the expected wait sees it: who waits in which order, and when each agent may be free.

Times count from now_ms, which comes in: the floor's own time is that of its last event, and where little
happens a promise counted from that would be seconds off.
"""

from __future__ import annotations

from acd.core.agents import Agent
from acd.core.calls import Call
from acd.core.expected_wait import MOST_WAITING, Server, WaitingCall
from acd.core.floor import Floor


def waiting_calls(floor: Floor, now_ms: int) -> list[WaitingCall]:
    """Those who wait, in the order in which they are served; of very many, the first."""
    calls = [call for call in floor.calls.values() if call.state in ("waiting", "away")]
    calls.sort(key=lambda call: call.key)
    return [
        WaitingCall(
            contact=call.contact,
            queue=call.queue,
            eligible=((0, floor.line.eligible(call)), *_later(floor, call, now_ms)),
            after_ms=call.rules.after_contact_ms,
        )
        for call in calls[:MOST_WAITING]
    ]


def _later(floor: Floor, call: Call, now_ms: int) -> list[tuple[int, int]]:
    return [
        (call.queued_ms + step.after_ms - now_ms, floor.line.eligible_in(step))
        for step in call.steps[call.step :]
    ]


def servers(floor: Floor, now_ms: int) -> list[Server]:
    """Agents who take calls now or after what they do now."""
    willing = (agent for agent in floor.agents.values() if agent.intent == "ready" and agent.bit)
    return [server for agent in willing if (server := _server(floor, agent, now_ms)) is not None]


def _server(floor: Floor, agent: Agent, now_ms: int) -> Server | None:
    match agent.state:
        case "ready":
            return Server(agent.bit, 0, agent=agent.number)
        case "acw":
            return Server(agent.bit, max(0, agent.until_ms - now_ms), agent=agent.number)
        case "offered" | "on_contact" | "on_hold":
            offer = floor.offers.get(agent.offer)
            if offer is None:
                return None
            rings = not offer.connected_ms
            busy_ms = now_ms - (offer.made_ms if rings else offer.connected_ms)
            about = (offer.queue, busy_ms, offer.after_contact_ms, agent.number)
            return Server(agent.bit, None, *about, rings=rings)
        case "communicating":
            free_ms = max(0, agent.until_ms - now_ms) if agent.until_ms else None
            return Server(agent.bit, free_ms, agent=agent.number)
        case _:  # not ready, not responding, out of reach: nobody knows until when
            return None


def who_can_serve(floor: Floor, contact: str) -> int:
    """How many agents take calls now or later and meet the needs of this waiting call."""
    call = floor.calls.get(contact)
    eligible = floor.line.eligible(call) if call is not None else 0
    return sum(1 for server in servers(floor, floor.now_ms) if server.bit & eligible)
