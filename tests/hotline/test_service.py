"""The frame of a service: health, metrics, settings that change under it, and an orderly end."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hotline import settings_snapshot
from hotline.core.settings import Settings
from hotline.deployment import Deployment
from hotline.secrets import Secrets
from hotline.service import Service, serve


@pytest.fixture
def service(tmp_path: Path) -> Service:
    deployment = Deployment(tmp_path)
    deployment.make_folders()
    settings = Settings(version=1)
    settings_snapshot.write(deployment.settings_file, settings)
    return Service("acd", deployment, Secrets.load(deployment), settings)


async def _nothing() -> None:
    return None


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen within 5 s")


async def _get(service: Service, path: str) -> tuple[int, str]:
    connector = aiohttp.UnixConnector(path=str(service.deployment.socket("acd")))
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.get(f"http://x{path}") as answer,
    ):
        return answer.status, await answer.text()


async def _while_serving(service: Service, act: Callable[[], Awaitable[Any]]) -> tuple[int, Any]:
    async def start(_service: Service) -> Callable[[], Awaitable[None]]:
        return _nothing

    serving = asyncio.create_task(serve(service, start))
    await _until(service.deployment.socket("acd").exists)
    result = await act()
    os.kill(os.getpid(), signal.SIGTERM)
    return await serving, result


async def test_health_is_503_with_the_reason_until_ready_and_after_not_ready(service: Service) -> None:
    async def act() -> list[tuple[int, str]]:
        answers = [await _get(service, "/healthz")]
        service.ready()
        answers.append(await _get(service, "/healthz"))
        service.not_ready("AMI is away")
        answers.append(await _get(service, "/healthz"))
        return answers

    status, answers = await _while_serving(service, act)
    assert status == 0
    assert not service.deployment.socket("acd").exists()
    assert answers[0] == (503, '{"ready": false, "why": "starting"}')
    assert answers[1] == (200, '{"ready": true, "settings_version": 1}')
    assert answers[2] == (503, '{"ready": false, "why": "AMI is away"}')


async def test_metrics_tell_of_the_process_by_service(service: Service) -> None:
    async def act() -> tuple[int, str]:
        return await _get(service, "/metrics")

    _, (status, text) = await _while_serving(service, act)
    assert status == 200
    for name in (
        "hotline_service_ready",
        "hotline_process_cpu_seconds_total",
        "hotline_process_resident_memory_bytes",
        "hotline_process_open_fds",
        "hotline_process_start_time_seconds",
        "hotline_loop_lag_seconds_count",
    ):
        assert f'{name}{{service="acd"}}' in text


async def test_only_the_samples_asked_for_are_told(service: Service) -> None:
    async def act() -> tuple[int, str]:
        return await _get(service, "/metrics?name[]=hotline_service_ready&name[]=hotline_nobodys")

    _, (status, text) = await _while_serving(service, act)
    assert status == 200
    assert [line for line in text.splitlines() if not line.startswith("#")] == [
        'hotline_service_ready{service="acd"} 0.0'
    ]


async def test_the_socket_is_closed_to_other_users(service: Service) -> None:
    async def act() -> int:
        return service.deployment.socket("acd").stat().st_mode & 0o777

    assert (await _while_serving(service, act))[1] == 0o600


async def test_a_new_settings_version_reaches_every_callback_even_if_one_fails(service: Service) -> None:
    seen: list[int] = []

    def fail(_settings: Settings) -> None:
        raise RuntimeError("a room's mistake")

    service.on_settings(fail)
    service.on_settings(lambda settings: seen.append(settings.version))

    async def act() -> None:
        settings_snapshot.write(service.deployment.settings_file, Settings(version=2))
        await _until(lambda: bool(seen))
        service.deployment.settings_file.write_text("{damaged")
        await asyncio.sleep(0.6)

    await _while_serving(service, act)
    assert seen == [2]
    assert service.settings.version == 2


async def test_settings_that_were_replaced_while_the_service_started_are_seen(service: Service) -> None:
    async def start(_service: Service) -> Callable[[], Awaitable[None]]:
        settings_snapshot.write(service.deployment.settings_file, Settings(version=2))
        return _nothing

    serving = asyncio.create_task(serve(service, start))
    await _until(lambda: service.settings.version == 2)
    os.kill(os.getpid(), signal.SIGTERM)
    assert await serving == 0


async def test_settings_that_could_not_be_read_for_a_moment_are_read_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, failures = settings_snapshot.read, iter((OSError(24, "Too many open files"),))

    def failing(file: Path) -> Settings:
        for error in failures:
            raise error
        return read(file)

    monkeypatch.setattr(settings_snapshot, "read", failing)

    async def act() -> None:
        settings_snapshot.write(service.deployment.settings_file, Settings(version=2))
        await _until(lambda: service.settings.version == 2)

    await _while_serving(service, act)


async def test_a_start_that_fails_ends_with_status_1(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    async def start(_service: Service) -> Callable[[], Awaitable[None]]:
        raise RuntimeError("port in use")

    assert await serve(service, start) == 1
    assert "acd: cannot start: port in use" in capsys.readouterr().err


def test_a_service_process_ends_with_0_on_sigterm_and_closes_first(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path / "data")
    deployment.make_folders()
    settings_snapshot.write(deployment.settings_file, Settings(version=1))
    program = textwrap.dedent(
        """
        from hotline.service import run_service
        async def start(service):
            service.ready()
            async def close():
                print("closed", flush=True)
            return close
        run_service("acd", start)
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, "--data", str(deployment.data)], stdout=subprocess.PIPE, text=True
    ) as process:
        for _ in range(500):
            if deployment.socket("acd").exists():
                break
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    assert output == "closed\n"
    assert "service_stopping" in deployment.log_file("acd").read_text()


def test_without_settings_a_service_says_so_and_ends_with_an_error(tmp_path: Path) -> None:
    program = "from hotline.service import run_service\nrun_service('acd', None)"
    done = subprocess.run(
        [sys.executable, "-c", program, "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert "acd: cannot start:" in done.stderr
    assert "current.json" in done.stderr
