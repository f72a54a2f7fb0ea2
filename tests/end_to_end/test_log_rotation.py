"""The real Asterisk goes on writing after its logs and its CEL file were rotated, and loses no line."""

from pathlib import Path

import pytest
from harness.lanes import Lane
from harness.phone import Phone, RegistrationRefused
from harness.stack import HotlineStack
from harness.waiting import until

from hotline.asterisk_install import find_install
from hotline.supervisor.log_rotation import MOST_BYTES, LogRotation

KEPT = 2


def text(file: Path) -> str:
    return file.read_text("utf-8", "replace") if file.exists() else ""


def has_hangup(lines: str, contact: str) -> bool:
    return any(line.startswith('"HANGUP"') and contact in line for line in lines.splitlines())


async def call_is_told(stack: HotlineStack, number: str, caller: str) -> str:
    """A call that leaves its traces; returns its contact id once CEL has its end."""
    known = len(stack.facts.of("ContactEnded"))
    async with stack.caller(caller) as phone:
        await (await phone.call(number).answered()).hang_up()
    contact: str = (await stack.fact("ContactEnded", count=known + 1)).body["contact"]
    cel = stack.deployment.cel_file
    await until(lambda: has_hangup(text(cel), contact), f"the end of {contact} in CEL", 5)
    return contact


async def refusal_is_told(stack: HotlineStack, account: str) -> None:
    """A wrong password, until the security log has it."""
    async with Phone(account, "wrong", server=stack.server) as burglar:
        with pytest.raises(RegistrationRefused):
            await burglar.register(keep=False)
    log = stack.deployment.asterisk_log / "security.log"
    await until(lambda: f'AccountID="{account}"' in text(log), f"{account} in {log.name}", 5)


async def test_what_asterisk_writes_is_rotated_under_it(stack: HotlineStack, lane: Lane) -> None:
    install = find_install()
    assert install is not None
    rotation = LogRotation(stack.deployment, install, most_bytes=1, kept=KEPT, cel_kept=KEPT)
    cel, log = stack.deployment.cel_file, stack.deployment.asterisk_log / "security.log"
    contacts = []
    for account in lane.agents[:3]:
        contacts.append(await call_is_told(stack, lane.closed, account))
        await refusal_is_told(stack, account)
        await rotation.look()
        assert contacts[-1] in text(cel.with_name("cel.csv.0"))
        assert f'AccountID="{account}"' in text(log.with_name("security.log.0"))
    assert contacts[-2] in text(cel.with_name("cel.csv.1"))
    assert contacts[-1] not in text(cel)
    last = await call_is_told(stack, lane.closed, lane.agents[3])
    assert last in text(cel)
    for folder, name in ((cel.parent, cel.name), (log.parent, log.name), (log.parent, "messages.log")):
        numbered = sorted(file.name for file in folder.glob(f"{name}.*"))
        assert numbered == [f"{name}.{number}" for number in range(KEPT)]


async def test_the_supervisor_does_it_by_itself(stack: HotlineStack) -> None:
    log = stack.deployment.asterisk_log / "security.log"
    with log.open("ab") as file:
        file.truncate(MOST_BYTES + 1)  # as after months; it takes no room on the disk
    await until(lambda: log.exists() and log.stat().st_size < MOST_BYTES, f"a new {log.name}", 10)
    assert log.with_name("security.log.0").stat().st_size > MOST_BYTES
