"""ivr as a service: Asterisk's side of the wire on a real socket, the journal on a real disk."""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import replace
from pathlib import Path

from running_site import free_port

from hotline.core.settings import Flow, Number, Queue, Settings, Text
from hotline.deployment import Deployment, Ports
from hotline.journal import read_journal
from hotline.secrets import Secrets
from hotline.service import Service
from ivr.service import start

SETTINGS = Settings(
    1,
    queues=(Queue("service", Text("咨询", "Service"), needs="service"),),
    flows=(Flow("main", "queue:service"),),
    numbers=(Number("4001", "main"),),
)


async def ask_ivr(port: int, token: str) -> dict[str, str]:
    """What Asterisk does for AGI(agi://…/contact,TOKEN,c1,4001,arrived,); returns the variables set."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    arguments = [token, "c1", "4001", "arrived", ""]
    headers = [
        "agi_network: yes",
        "agi_network_script: contact",
        f"agi_request: agi://127.0.0.1:{port}/contact",
    ]
    headers += ["agi_channel: PJSIP/demo-1", "agi_uniqueid: c1", "agi_threadid: 140"]
    headers += [f"agi_arg_{place}: {text}" for place, text in enumerate(arguments, 1)]
    writer.write(("\n".join(headers) + "\n\n").encode())
    variables: dict[str, str] = {}
    while line := await reader.readline():
        match shlex.split(line.decode()):
            case ["SET", "VARIABLE", name, value]:
                variables[name] = value
                answer = "200 result=1"
            case ["GET", "VARIABLE", name]:
                answer = f"200 result=1 ({variables[name]})" if name in variables else "200 result=0"
            case ["STREAM", *_]:
                answer = "200 result=0 endpos=8000"
            case _:
                answer = "200 result=0"
        writer.write(f"{answer}\n".encode())
    writer.close()
    return variables


async def test_a_call_through_the_socket_ends_in_the_queue(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path, ports=replace(Ports(), agi_ivr=free_port()))
    deployment.make_folders()
    service = Service("ivr", deployment, Secrets.load(deployment), SETTINGS)
    close = await start(service)
    try:
        async with asyncio.timeout(10):
            variables = await ask_ivr(deployment.ports.agi_ivr, service.secrets.agi_token)
    finally:
        await close()
    assert (variables["HL_NEXT"], variables["HL_QUEUE"], variables["HL_NEEDS"]) == (
        "queue",
        "service",
        "",
    )
    kinds = [line.kind for _, line in read_journal(deployment.journal("ivr"))]
    assert kinds == ["FlowStarted", "FlowEnded"]
