"""What ready means: every listed module runs, health is asked, ports are reached."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from hotline.asterisk_install import AsteriskInstall
from hotline.deployment import Deployment
from hotline.supervisor.readiness import (
    ConsoleError,
    asterisk_ready,
    missing_modules,
    pages_host,
    port_ready,
    run_console,
    service_ready,
)

MODULE_SHOW = """\
Module                         Description                              Use Count  Status      Support Level
app_dial.so                    Dialing Application                      1          Running              core
res_pjsip.so                   Basic SIP resource                       38         Running              core
res_speech.so                  Generic Speech Recognition API           0          Not Running          core
3 modules loaded
"""


def test_listed_modules_that_do_not_run_are_named() -> None:
    conf = "autoload = no\nload = app_dial.so\nload => res_speech.so\npreload = res_agi\n; load = x.so\n"
    assert missing_modules(conf, MODULE_SHOW) == ["res_speech.so", "res_agi"]


def test_all_running_means_none_is_missing() -> None:
    assert missing_modules("load = app_dial.so\nload = res_pjsip\n", MODULE_SHOW) == []


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    deployment = Deployment(tmp_path)
    deployment.make_folders()
    (deployment.asterisk_etc / "modules.conf").write_text("load = app_dial.so\n")
    (deployment.asterisk_run / "asterisk.ctl").touch()
    return deployment


def _console(tmp_path: Path, script: str) -> AsteriskInstall:
    program = tmp_path / "console"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    return AsteriskInstall("22.1.0", (str(program),), tmp_path, tmp_path, (), ())


async def test_asterisk_is_ready_once_booted_with_all_modules(deployment: Deployment, tmp_path: Path) -> None:
    (tmp_path / "shown").write_text(MODULE_SHOW)
    script = f'case "$4" in module*) cat {tmp_path}/shown;; *) echo Asterisk has fully booted.;; esac'
    install = _console(tmp_path, script)
    assert await asterisk_ready(deployment, install) == ""
    (deployment.asterisk_etc / "modules.conf").write_text("load = app_dial.so\nload = res_speech.so\n")
    assert await asterisk_ready(deployment, install) == "modules not running: res_speech.so"


async def test_without_a_console_asterisk_is_not_even_asked(deployment: Deployment, tmp_path: Path) -> None:
    (deployment.asterisk_run / "asterisk.ctl").unlink()
    assert await asterisk_ready(deployment, _console(tmp_path, "touch asked")) == "no console yet"


async def test_an_unreachable_console_is_told_in_its_own_words(
    deployment: Deployment, tmp_path: Path
) -> None:
    install = _console(tmp_path, "echo 'Unable to connect to remote asterisk' >&2; exit 1")
    assert await asterisk_ready(deployment, install) == "Unable to connect to remote asterisk"
    with pytest.raises(ConsoleError, match="Unable to connect"):
        await run_console(deployment, install, "core show version")


async def test_a_console_that_hangs_is_given_up(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.supervisor.readiness.QUESTION_LIMIT_S", 0.2)
    install = _console(tmp_path, "exec sleep 30")
    with pytest.raises(ConsoleError, match="no answer to 'core reload'"):
        await run_console(deployment, install, "core reload")


@pytest.fixture
async def health(deployment: Deployment) -> AsyncIterator[dict[str, object]]:
    answer: dict[str, object] = {"ready": True}

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text=json.dumps(answer), status=200 if answer["ready"] else 503)

    application = web.Application()
    application.router.add_get("/healthz", healthz)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.UnixSite(runner, str(deployment.socket("acd"))).start()
    yield answer
    await runner.cleanup()


async def test_a_service_says_itself_whether_it_is_ready(
    deployment: Deployment, health: dict[str, object]
) -> None:
    assert await service_ready(deployment, "acd") == ""
    health.update(ready=False, why="AMI is away")
    assert await service_ready(deployment, "acd") == "AMI is away"
    assert await service_ready(deployment, "ivr") == "not started yet"


@pytest.mark.parametrize(
    ("why", "told"),
    [
        ('与 Asterisk 的 "AMI" 连接已断开', '与 Asterisk 的 "AMI" 连接已断开'),
        ("x" * 500, "x" * 500),
        ({"acd": "away"}, "status 503"),
        (None, "status 503"),
    ],
)
async def test_its_reason_is_told_in_its_own_letters(
    deployment: Deployment, health: dict[str, object], why: object, told: str
) -> None:
    health.update(ready=False, why=why)
    assert await service_ready(deployment, "acd") == told


@pytest.mark.parametrize("text", ["<h1>Bad Gateway</h1>", "[1]", ""])
async def test_what_is_no_answer_of_ours_is_told_by_its_status(deployment: Deployment, text: str) -> None:
    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text=text, status=502)

    application = web.Application()
    application.router.add_get("/healthz", healthz)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.UnixSite(runner, str(deployment.socket("web"))).start()
    assert await service_ready(deployment, "web") == "status 502"
    await runner.cleanup()


async def test_a_socket_without_a_service_is_not_ready(deployment: Deployment) -> None:
    server = await asyncio.start_unix_server(lambda r, w: None, str(deployment.socket("acd")))
    server.close()
    await server.wait_closed()
    deployment.socket("acd").touch()
    assert await service_ready(deployment, "acd") != ""


async def test_a_port_is_ready_when_somebody_listens() -> None:
    server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert await port_ready(port, "FastAGI of acd") == ""
    server.close()
    await server.wait_closed()
    assert await port_ready(port, "FastAGI of acd") == f"FastAGI of acd: nobody listens on port {port}"


@pytest.mark.parametrize(
    ("bind", "host"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "[2001:db8::1]"),
    ],
)
def test_where_this_machine_reaches_the_pages(tmp_path: Path, bind: str, host: str) -> None:
    assert pages_host(Deployment(tmp_path, bind)) == host
