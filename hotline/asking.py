"""Asking the services of a deployment over their Unix sockets, on connections that are kept open.

A new connection for every question costs the service that is asked more than its answer; one that is kept for
ever hides that it takes no new ones. This module must not know what is asked, nor what the answers mean.
"""

from __future__ import annotations

import logging
from collections import Counter

import aiohttp

from hotline.deployment import Deployment
from hotline.http_bodies import read_at_most

log = logging.getLogger(__name__)

MAX_ANSWER_BYTES = 16 * 1024 * 1024
QUESTIONS = 10  # on one connection, if they are asked one after the other


class Asker:
    """Whoever asks has one, and closes it at the end. limit_s: an answer must be whole within so long."""

    def __init__(self, deployment: Deployment, limit_s: float) -> None:
        self._deployment = deployment
        self._timeout = aiohttp.ClientTimeout(total=limit_s)
        self._sessions: dict[str, aiohttp.ClientSession] = {}
        self._asked: Counter[str] = Counter()

    async def ask(self, name: str, path: str) -> tuple[int, bytes] | None:
        """Status and body of the service's answer, of a longer one its beginning; None when none came."""
        try:
            self._asked[name] += 1
            headers = {} if self._asked[name] % QUESTIONS else {"Connection": "close"}
            async with self._session(name).get(f"http://{name}{path}", headers=headers) as response:
                return response.status, await read_at_most(response.content, MAX_ANSWER_BYTES)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            log.debug("service_silent", extra={"asked": name, "path": path, "why": type(error).__name__})
            return None

    async def answers(self, name: str) -> bool:
        """Whether the service says anything at all, ready or not."""
        return await self.ask(name, "/healthz") is not None

    async def close(self) -> None:
        """Close the connections; it may be asked again all the same."""
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()

    def _session(self, name: str) -> aiohttp.ClientSession:
        if name not in self._sessions:
            connector = aiohttp.UnixConnector(str(self._deployment.socket(name)))
            self._sessions[name] = aiohttp.ClientSession(connector=connector, timeout=self._timeout)
        return self._sessions[name]
