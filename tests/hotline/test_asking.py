"""Asking a service: one connection for many questions, a new one after its death; silence is None."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from hotline.asking import QUESTIONS, Asker
from hotline.deployment import Deployment


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    deployment = Deployment(tmp_path)
    deployment.make_folders()
    return deployment


@asynccontextmanager
async def service(deployment: Deployment, status: int = 200) -> AsyncIterator[set[object]]:
    """A service that tells by which connections it was asked."""
    connections: set[object] = set()

    async def answer(request: web.Request) -> web.Response:
        connections.add(request.transport)
        return web.Response(text=request.path_qs, status=status)

    application = web.Application()
    application.router.add_get("/{tail:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    deployment.socket("acd").unlink(missing_ok=True)
    await web.UnixSite(runner, str(deployment.socket("acd"))).start()
    try:
        yield connections
    finally:
        await runner.cleanup()


async def test_many_questions_take_one_connection(deployment: Deployment) -> None:
    """Not for ever: a service that takes no new ones must be missed some day."""
    asker = Asker(deployment, 3.0)
    async with service(deployment) as connections:
        for place in range(2 * QUESTIONS + 1):
            assert await asker.ask("acd", "/metrics?name=a") == (200, b"/metrics?name=a")
            assert len(connections) == 1 + place // QUESTIONS
    await asker.close()


async def test_a_service_that_was_started_again_is_asked_anew(deployment: Deployment) -> None:
    asker = Asker(deployment, 3.0)
    for _ in range(2):
        async with service(deployment):
            assert await asker.ask("acd", "/healthz") == (200, b"/healthz")
        assert await asker.ask("acd", "/healthz") is None
    await asker.close()


@pytest.mark.parametrize("status", [200, 503])
async def test_a_service_answers_ready_or_not(deployment: Deployment, status: int) -> None:
    asker = Asker(deployment, 3.0)
    async with service(deployment, status):
        assert await asker.answers("acd")
        assert not await asker.answers("ivr")
    await asker.close()


async def test_a_service_that_takes_the_question_and_says_nothing_does_not_answer(
    deployment: Deployment,
) -> None:
    asker = Asker(deployment, 0.1)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(deployment.socket("acd")))
        silent.listen()
        assert not await asker.answers("acd")
    await asker.close()
