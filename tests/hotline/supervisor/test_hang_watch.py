"""A service that answers nobody is killed, but neither a starting one nor one that was slow once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from harness.waiting import until

from hotline.deployment import Deployment
from hotline.supervisor.hang_watch import UNANSWERED_LIMIT, HangWatch
from hotline.supervisor.watched import Program, Watched


class Stage:
    """A watched `sleep`, and what it is made to answer."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self.answering = True
        self.asked: list[str] = []
        self.watch = HangWatch({"acd": watched}, ("acd", "web"), self.answers)

    async def answers(self, name: str) -> bool:
        self.asked.append(name)
        return self.answering

    async def look(self, times: int, *, answering: bool) -> None:
        self.answering = answering
        for _ in range(times):
            await self.watch.look()

    @property
    def pid(self) -> int:
        assert self.watched.process
        return self.watched.process.pid

    @property
    def alive(self) -> bool:
        return self.watched.process is not None and self.watched.process.alive()


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    deployment = Deployment(tmp_path)
    deployment.make_folders()
    watched = Watched(Program("acd", lambda: ("sleep", "60")), deployment)
    watched.start()
    await until(lambda: watched.state == "running", "the first start", 5)
    yield Stage(watched)
    await watched.stop()


async def test_a_service_that_stops_answering_is_killed(stage: Stage) -> None:
    await stage.look(1, answering=True)
    await stage.look(UNANSWERED_LIMIT - 1, answering=False)
    assert stage.alive
    await stage.look(1, answering=False)
    await until(lambda: not stage.alive, "its end", 5)
    assert stage.asked == ["acd"] * (UNANSWERED_LIMIT + 1)  # the other one is not there


async def test_an_answer_in_between_counts(stage: Stage) -> None:
    for _ in range(3):
        await stage.look(1, answering=True)
        await stage.look(UNANSWERED_LIMIT - 1, answering=False)
    assert stage.alive


async def test_one_that_has_never_answered_is_only_starting(stage: Stage) -> None:
    await stage.look(3 * UNANSWERED_LIMIT, answering=False)
    assert stage.alive


async def test_a_new_process_is_not_blamed_for_the_old_one(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.core.restarts.FIRST_PAUSE_S", 0.01)
    await stage.look(1, answering=True)
    await stage.look(UNANSWERED_LIMIT - 1, answering=False)
    old = stage.pid
    assert stage.watched.process
    stage.watched.process.kill_session()
    await until(lambda: stage.alive and stage.pid != old, "the second start", 5)
    await stage.look(UNANSWERED_LIMIT, answering=False)
    assert stage.alive


async def test_nobody_is_asked_while_it_does_not_run(stage: Stage) -> None:
    await stage.watched.stop()
    await stage.look(1, answering=False)
    assert stage.asked == []
