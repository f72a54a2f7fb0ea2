"""Asks the other services how they are and what they count. This module must not know what they count."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from hotline.asking import Asker
from hotline.deployment import Deployment

OTHERS = ("acd", "ivr", "ledger", "keeper")
ASK_LIMIT_S = 1.0
KEPT_S = 1.0  # an answer about health serves everyone who asks within so long


@dataclass(frozen=True, slots=True)
class Health:
    """state: ready, not_ready (with its reason), absent (does not answer)."""

    state: str
    why: str = ""


class Services:
    """The other services of this deployment."""

    def __init__(self, deployment: Deployment) -> None:
        self._asker = Asker(deployment, ASK_LIMIT_S)
        self._asking = asyncio.Lock()
        self._health: Mapping[str, Health] = {}
        self._asked_s: float | None = None

    async def health(self) -> Mapping[str, Health]:
        """Every other service's health, at most KEPT_S old."""
        async with self._asking:
            if self._asked_s is None or time.monotonic() - self._asked_s > KEPT_S:
                answers = await asyncio.gather(*(self._health_of(name) for name in OTHERS))
                self._health = dict(zip(OTHERS, answers, strict=True))
                self._asked_s = time.monotonic()
            return self._health

    async def metrics(self, samples: Iterable[str] = ()) -> dict[str, str | None]:
        """Every other service's metrics as text, all or only these samples; None if it does not answer."""
        query = urlencode([("name[]", sample) for sample in samples])
        path = f"/metrics?{query}" if query else "/metrics"
        answers = await asyncio.gather(*(self._asker.ask(name, path) for name in OTHERS))
        return {
            name: answer[1].decode("utf-8", "replace") if answer and answer[0] == 200 else None
            for name, answer in zip(OTHERS, answers, strict=True)
        }

    async def _health_of(self, name: str) -> Health:
        answer = await self._asker.ask(name, "/healthz")
        if answer is None:
            return Health("absent", "does not answer")
        status, body = answer
        if status == 200:
            return Health("ready")
        try:
            why = str(json.loads(body).get("why", ""))
        except (ValueError, AttributeError):
            why = f"answers {status}"
        return Health("not_ready", why)

    async def close(self) -> None:
        """Close the connections to them."""
        await self._asker.close()
