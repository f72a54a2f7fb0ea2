"""Supervisors' codes that need no conversation: FastAGI handler "supervise-code" (phone, code, digits).

34 answers the caller who has waited longest (with a queue's extension: there); 35 to 38 and an agent's number
force that agent ready, not ready, out of after-contact work, or log the agent out; 39 and a queue's extension
closes the queue, or opens it again. What came of it is told by voice. This module must not know ChanSpy.
"""

from __future__ import annotations

from acd.adapters.line_codes import longest_wait, queue_at
from acd.adapters.spoken_codes import VIA, SpokenCodes
from acd.core.events import AgentForced, CallTaken, QueueClosed, QueueOpened
from telephony.fastagi import AgiSession

FORCE = {"35": "ready", "36": "not_ready", "37": "work_over", "38": "logged_out"}
ANSWER, QUEUE = "34", "39"
DEEDS = {ANSWER: "take", QUEUE: "close_queue", **dict.fromkeys(FORCE, "force")}


class SupervisorCodes(SpokenCodes):
    """One per acd process."""

    deeds = DEEDS

    def _whom(self, code: str, digits: str) -> str:
        return digits if code in FORCE else ""

    async def _serve(self, session: AgiSession, number: str, code: str, digits: str) -> str:
        if code == ANSWER:
            return await self._answer(session, number, digits)
        if code == QUEUE:
            return self._switch_queue(number, digits)
        event = AgentForced(digits, FORCE.get(code, ""), number, VIA)
        return "deed-refused" if self._decide(event) else "deed-done"

    async def _answer(self, session: AgiSession, number: str, extension: str) -> str:
        queue = queue_at(self._settings(), extension) if extension else ""
        contact = longest_wait(self._engine.picture, queue)
        if not contact:
            return "nobody-waits"
        refused = self._engine.distributor.why_not_taken(contact, number)
        if not refused:
            # First the own phone is free, then the caller rings there.
            await session.command("HANGUP")
        self._decide(CallTaken(contact, number, number, VIA))
        return "cannot-take"

    def _switch_queue(self, number: str, extension: str) -> str:
        queue = queue_at(self._settings(), extension)
        if queue in self._engine.picture.closed_queues:
            return "deed-refused" if self._decide(QueueOpened(queue, number, VIA)) else "queue-now-open"
        return "deed-refused" if self._decide(QueueClosed(queue, number, VIA)) else "queue-now-closed"

    def _decide(self, event: AgentForced | CallTaken | QueueClosed | QueueOpened) -> str:
        refused = self._engine.handle(event).ignored
        self._supervisors.count(refused)
        return refused
