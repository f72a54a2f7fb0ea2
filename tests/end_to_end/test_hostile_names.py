"""What a caller or a stranger writes into From is text: calls are served, and nothing else happens.

Line ends matter most: Asterisk takes %0d%0a for line ends and writes them into AMI as they are, so that who
dials could tell acd of events that never were.
"""

import asyncio
from typing import Any

import pytest
from harness.call import Call, CallFailed
from harness.lanes import Lane
from harness.phone import Phone, RegistrationRefused
from harness.scenes import contact_of, new_number, nothing_left
from harness.stack import HotlineStack

LONG = "长" * 1365  # 4 kB
NAMES = (
    "<img src=x onerror=alert(1)>",
    "=cmd|'/C calc'!A0",
    "张三\u202egnp.exe\u202c\u200f",
    "${SHELL(touch x)}${HL_TOKEN},1,System(x)",
    "%0d%0aAction: Logoff%0d%0a%0d%0a",
    "\x01\x1b[31m",
)
EVENT = "%0d%0a%0d%0aEvent%3a%20Shutdown%0d%0aPrivilege%3a%20system,all%0d%0a%0d%0a"
HEADER = "%0d%0aUniqueid%3a%20{}%0d%0aAccountCode%3a%20{}"
STRANGER = "127.0.0.77"


async def test_a_callers_name_is_kept_as_text(stack: HotlineStack, lane: Lane) -> None:
    async with stack.caller() as caller:
        for name in (*NAMES, LONG):
            number = new_number()
            call = caller.call(lane.straight, caller=number, name=name)
            contact = await contact_of(stack, number)
            await stack.fact("CallQueued", contact=contact, within_s=15)
            await call.rtp.hears_sound()
            await call.hang_up()
            await stack.fact("ContactEnded", contact=contact)
            (told,) = stack.facts.of("CallerIdentified", number=number)
            kept = await _identity(stack, number)
            assert kept["name"] == told.body["name"]
            if name != LONG:
                assert told.body["name"] == name
            else:
                # What Asterisk keeps of it, whole characters; the rest is not worth a caller.
                assert 20 < len(told.body["name"]) <= 256 and set(told.body["name"]) == {"长"}
    await nothing_left(stack)


async def test_line_ends_in_a_callers_number_make_no_event(stack: HotlineStack, lane: Lane) -> None:
    """Callers pose as a shutdown, and as the end of another's call; that one goes on, all are served."""
    pid, links = stack.pid("acd"), _links(await stack.metrics("acd"))
    async with stack.caller() as caller:
        number = new_number()
        victim = caller.call(lane.straight, caller=number)
        contact = await contact_of(stack, number)
        await stack.fact("CallQueued", contact=contact, within_s=15)
        for users in (f"1{EVENT}", f"2{HEADER.format(contact, contact)}", "3%00", "4%22;,%5c"):
            served = stack.facts.of("CallQueued", queue=lane.queue)
            call = caller.call(lane.straight, caller=users)
            await stack.fact("CallQueued", queue=lane.queue, count=len(served) + 1, within_s=15)
            await call.answered()
            await call.hang_up()
            await stack.fact("ContactEnded", count=1, contact=_newest(stack, lane))
        for number_dialled in (
            f"5{EVENT}",
            f"{lane.straight}{EVENT}",
            lane.straight + HEADER.format(contact, contact),
        ):
            assert await _refused(caller.call(number_dialled)) == 404
        assert victim.talking and not stack.facts.of("ContactEnded", contact=contact)
        await victim.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    assert (stack.pid("acd"), _links(await stack.metrics("acd"))) == (pid, links)
    await nothing_left(stack)


async def test_a_stranger_makes_no_event(stack: HotlineStack) -> None:
    """Who signs in with a name of line ends is refused, and acd's link hears nothing of that name."""
    links = _links(await stack.metrics("acd"))
    for user in (f"1{EVENT}", "1%0d%0a%0d%0aEvent%3a%20Shutdown"):
        async with Phone(user, "x", server=stack.server, address=STRANGER) as phone:
            for _ in range(6):
                with pytest.raises((RegistrationRefused, CallFailed)):
                    await phone.register(keep=False)
    assert _links(await stack.metrics("acd")) == links
    assert all(part["ready"] for part in (await stack.status())["parts"])


async def test_raw_line_ends_and_other_garbage(stack: HotlineStack, lane: Lane) -> None:
    """A From that is no SIP is not answered or refused; the next call is served."""
    async with stack.caller() as caller:
        for name in (
            'x"\r\nX: 1\r\n\r\n',
            'x"\r\nSubject: "',
            'x"\r\n <sip:2@h>;x="',
            "x\n\nEvent: y",
            "\0",
            "\x7f",
        ):
            call = caller.call(lane.closed, caller="3", name=name)
            await asyncio.sleep(0.1)
            call.close()
        number = new_number()
        call = caller.call(lane.straight, caller=number)
        contact = await contact_of(stack, number)
        await stack.fact("CallQueued", contact=contact, within_s=15)
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    await nothing_left(stack)


async def _identity(stack: HotlineStack, number: str) -> dict[str, Any]:
    """The row of a caller in the database."""
    for _ in range(100):
        if rows := await stack.sql("SELECT * FROM identity WHERE number = $1", number):
            return rows[0]
        await asyncio.sleep(0.1)
    raise AssertionError(f"no identity of {number}")


async def _refused(call: Call) -> int:
    with pytest.raises(CallFailed):
        await call.answered()
    assert call.end is not None
    return call.end.status


def _newest(stack: HotlineStack, lane: Lane) -> str:
    contact: str = stack.facts.of("CallQueued", queue=lane.queue)[-1].body["contact"]
    return contact


def _links(metrics: str) -> list[str]:
    """How often acd has connected to Asterisk, and lost it."""
    counted = ("hotline_ami_connections_total", "hotline_ami_losses_total")
    return [line for line in metrics.splitlines() if line.startswith(counted)]
