"""What the dialplan hands over with a waiting caller, and the arrival that the distributor is told."""

from __future__ import annotations

from dataclasses import dataclass

from acd.core.events import CallArrived
from acd.core.needs import join_needs
from hotline.core.settings import Queue
from telephony import variables


@dataclass(frozen=True, slots=True)
class QueueArguments:
    """What the dialplan hands over with a waiting caller (see extensions.conf, [hotline] queue)."""

    contact: str
    queue: str
    entry: int
    wait_since_ms: int | None
    priority: int | None
    language: str
    direct_ms: int
    lost_since: str
    aim: str  # transferred to this agent
    place_since_ms: int  # transferred: since when the caller's first wait was; 0: not transferred
    fallback: str  # transferred to a queue, from this one
    prefer: tuple[str, ...]
    needs: str  # chosen by the caller, besides the queue's own

    @classmethod
    def parse(cls, arguments: tuple[str, ...]) -> QueueArguments:
        """Read the arguments; raises ValueError naming what is wrong."""
        if len(arguments) < 13:
            raise ValueError(f"queue: 13 arguments are needed, got {len(arguments)}")
        contact, queue, entry, since, priority, language, direct_ms, lost_since = arguments[:8]
        aim, place_since, fallback, prefer = arguments[8:12]
        return cls(
            contact=contact,
            queue=queue,
            entry=int(entry or 1),
            wait_since_ms=int(since) if since else None,
            priority=int(priority) if priority else None,
            language=language or "zh",
            direct_ms=int(direct_ms or 0),
            lost_since=lost_since,
            aim=aim,
            place_since_ms=int(place_since or 0),
            fallback=fallback,
            prefer=variables.split(prefer),
            needs=",".join(arguments[12:]),
        )

    def arrival(self, rules: Queue, now_ms: int, back: str, last_agent: str, kept_ms: int = 0) -> CallArrived:
        """What the distributor is told. back: the agent to whom a transfer that fails goes back; last_agent:
        who served this caller last; kept_ms: since when one who has returned counts as waiting, 0: now."""
        return CallArrived(
            contact=self.contact,
            queue=self.queue,
            needs=join_needs(rules.needs, self.needs),
            priority=rules.priority if self.priority is None else self.priority,
            language=self.language,
            wait_since_ms=self.wait_since_ms or now_ms,
            entry=self.entry,
            aims=tuple(dict.fromkeys(one for one in (self.aim, back) if one)) if self.aim else (),
            place_since_ms=min((one for one in (self.place_since_ms, kept_ms) if one), default=0),
            fallback=self.fallback,
            fallback_agent=back if self.fallback else "",
            chosen=self.needs,
            last_agent=last_agent if self.entry == 1 else "",  # later entries: the one who transferred
        )
