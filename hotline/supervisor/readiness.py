"""What ready means for each part of a hotline, really asked. Each question answers "" or why not.

Must not start or stop anything.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable

import aiohttp
import asyncpg

from hotline.asterisk_install import AsteriskInstall
from hotline.deployment import EVERYWHERE, LOOPBACK, Deployment
from hotline.supervisor.programs import asterisk_configuration
from hotline.words import say, told

QUESTION_LIMIT_S = 3.0
Probe = Callable[[], Awaitable[str]]


class ConsoleError(Exception):
    """The Asterisk console could not be reached or refused; the text has its answer."""


async def run_console(deployment: Deployment, install: AsteriskInstall, command: str) -> str:
    """Run one Asterisk console command; returns its output. Raises ConsoleError."""
    words = install.console(asterisk_configuration(deployment), command)
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError as error:
        raise ConsoleError(say("readiness.console_program", why=told(error))) from error
    try:
        async with asyncio.timeout(QUESTION_LIMIT_S):
            output, _ = await process.communicate()
    except TimeoutError as error:
        process.kill()
        await process.wait()
        limit_s = f"{QUESTION_LIMIT_S:.0f}"
        raise ConsoleError(say("readiness.console_silent", command=repr(command), limit_s=limit_s)) from error
    text = output.decode("utf-8", errors="replace")
    if process.returncode:
        raise ConsoleError(text.strip().splitlines()[-1] if text.strip() else say("readiness.no_answer"))
    return text


async def asterisk_ready(deployment: Deployment, install: AsteriskInstall) -> str:
    """Asterisk has fully booted and every module listed in modules.conf runs."""
    if not (deployment.asterisk_run / "asterisk.ctl").exists():
        return say("readiness.no_console")  # asking would start a program in vain
    try:
        booted = await run_console(deployment, install, "core waitfullybooted")
        if "fully booted" not in booted:
            return say("readiness.not_booted")
        shown = await run_console(deployment, install, "module show")
    except ConsoleError as error:
        return told(error)
    missing = missing_modules((deployment.asterisk_etc / "modules.conf").read_text("utf-8"), shown)
    return say("readiness.modules", names=", ".join(missing)) if missing else ""


def missing_modules(modules_conf: str, module_show: str) -> list[str]:
    """Modules that modules.conf loads and that `module show` does not show as Running."""
    listed = re.findall(r"^\s*(?:pre)?load\s*=>?\s*([\w.-]+)", modules_conf, re.MULTILINE)
    # Columns: module, description, use count, status, support level.
    running = set(re.findall(r"^(\S+\.so)\s.*\s\d+\s+Running\s", module_show, re.MULTILINE))
    return [name for name in listed if (name if name.endswith(".so") else f"{name}.so") not in running]


async def service_ready(deployment: Deployment, name: str) -> str:
    """The service's own /healthz says that it is ready."""
    socket = deployment.socket(name)
    if not socket.exists():
        return say("readiness.not_started")
    connector = aiohttp.UnixConnector(path=str(socket))
    return await _healthz(f"http://{name}/healthz", connector)


async def pages_ready(deployment: Deployment) -> str:
    """The pages answer on their port."""
    host = pages_host(deployment)
    return await _healthz(f"http://{host}:{deployment.ports.http}/healthz", aiohttp.TCPConnector())


def pages_host(deployment: Deployment) -> str:
    """Address under which this machine itself reaches the pages."""
    host = LOOPBACK if deployment.bind in (EVERYWHERE, "::") else deployment.bind
    return f"[{host}]" if ":" in host else host


async def _healthz(url: str, connector: aiohttp.BaseConnector) -> str:
    limit = aiohttp.ClientTimeout(total=QUESTION_LIMIT_S)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=limit) as session,
            session.get(url) as answer,
        ):
            if answer.status == 200:
                return ""
            text = await answer.text(errors="replace")
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        return told(error)
    return _why(text) or say("readiness.http_status", status=answer.status)


def _why(text: str) -> str:
    """What a service that is not ready says of itself; "" when it is not ours that answers."""
    try:
        document = json.loads(text)
    except ValueError:
        return ""
    why = document.get("why") if isinstance(document, dict) else None
    return why if isinstance(why, str) else ""


async def port_ready(port: int, what: str) -> str:
    """Something listens on a loopback port."""
    try:
        async with asyncio.timeout(QUESTION_LIMIT_S):
            _, writer = await asyncio.open_connection(LOOPBACK, port)
    except (OSError, TimeoutError):
        return say("readiness.nobody_listens", what=what, port=port)
    writer.close()
    return ""


async def database_ready(url: str) -> str:
    """The database lets us in."""
    try:
        connection = await asyncpg.connect(url, timeout=QUESTION_LIMIT_S)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        return told(error)
    await connection.close(timeout=QUESTION_LIMIT_S)
    return ""


def probe_of(name: str, deployment: Deployment, install: AsteriskInstall) -> Probe:
    """The whole question for one program, by its name."""

    async def acd() -> str:
        why = await service_ready(deployment, "acd")
        return why or await port_ready(deployment.ports.agi_acd, say("readiness.fastagi", service="acd"))

    async def ivr() -> str:
        why = await service_ready(deployment, "ivr")
        return why or await port_ready(deployment.ports.agi_ivr, say("readiness.fastagi", service="ivr"))

    async def web() -> str:
        return await service_ready(deployment, "web") or await pages_ready(deployment)

    special: dict[str, Probe] = {
        "acd": acd,
        "ivr": ivr,
        "web": web,
        "asterisk": lambda: asterisk_ready(deployment, install),
        "postgres": lambda: database_ready(deployment.database_url),
    }
    return special.get(name, lambda: service_ready(deployment, name))
