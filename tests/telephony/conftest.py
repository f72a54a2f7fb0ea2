"""Fixtures of telephony's tests: sockets with a scripted other side, and a real Asterisk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from telephony_peers import TOKEN, AmiPeer

from telephony.fastagi import AgiMetrics, AgiSession, FastAgiServer

Handlers = Mapping[str, Callable[[AgiSession], Awaitable[None]]]


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
async def agi_server(registry: CollectorRegistry) -> AsyncIterator[Callable[..., Awaitable[FastAgiServer]]]:
    """Starts FastAGI servers on free ports; they are closed after the test."""
    servers: list[FastAgiServer] = []
    metrics = AgiMetrics(registry)

    async def start(handlers: Handlers, **options: Any) -> FastAgiServer:
        server = FastAgiServer("127.0.0.1", 0, TOKEN, handlers, metrics=metrics, **options)
        servers.append(server)
        await server.start()
        return server

    yield start
    for server in servers:
        await server.close()


@pytest.fixture
async def ami_peer() -> AsyncIterator[AmiPeer]:
    """A scripted manager interface that listens."""
    peer = AmiPeer()
    await peer.start()
    yield peer
    await peer.stop()
