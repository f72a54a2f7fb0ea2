"""After many calls of every kind: facts, tiles and /metrics tell the same, and it adds up."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from harness.lanes import NARROW
from harness.mixed_calls import EMPTY, mixed_calls, mixed_settings
from harness.phone import Phone
from harness.scenes import dial, nothing_left
from harness.stack import HotlineStack
from harness.sums import in_database, in_metrics, in_quarters, on_tiles

LEDGER_WITHIN_S = 30.0
BEFORE_A_QUEUE = {"blocked", "closed", "flow:hung_up", "flow:refused", "flow:voice_message"}
OF_QUEUES = {"asked", "offered", "answered", "abandoned", "out"}
Own = Callable[[str], Awaitable[HotlineStack]]


@pytest.mark.long
@pytest.mark.parametrize("contacts", [60, pytest.param(500, marks=pytest.mark.timeout(1200))])
async def test_contacts_and_entries_add_up(own_stack: Own, contacts: int) -> None:
    timezone = f'[hotline]\ntimezone = "{_zone_at_noon()}"\n'
    settings = mixed_settings().replace("[hotline]\n", timezone, 1)
    stack = await own_stack(settings)
    async with Phone("0", server=stack.server, address=NARROW) as holder:
        # Waits where nobody comes, and keeps the narrow trunk full meanwhile.
        held, held_contact = await dial(stack, holder, EMPTY.straight)
        await stack.fact("CallQueued", contact=held_contact, within_s=20)
        async with mixed_calls(stack) as calls:
            await calls.make(contacts)
            expected = calls.expected
            await _all_tell(stack, expected + Counter(("contacts", "asked", "offered", "waiting")))
        assert expected["contacts"] == contacts
        assert set(expected) == {"contacts", *BEFORE_A_QUEUE, *OF_QUEUES}, "calls of a kind are missing"
        assert expected["offered"] > expected["asked"]  # a second queueing is a second entry
        await held.hang_up()
        await stack.fact("ContactEnded", contact=held_contact)
    expected.update(("contacts", "asked", "offered", "abandoned"))
    await _all_tell(stack, expected)
    await nothing_left(stack)
    await _lose_some(stack)
    expected.update(("contacts", "flow:lost", *("contacts", "asked", "offered", "lost") * 2))
    await _all_tell(stack, expected)
    print(f"{contacts} mixed calls and 4 more: {dict(expected)}")


async def _lose_some(stack: HotlineStack) -> None:
    """Asterisk is killed with two callers waiting and one in the menus."""
    async with stack.caller() as caller:
        waiting = [await dial(stack, caller, EMPTY.straight) for _ in range(2)]
        in_menu = await dial(stack, caller, EMPTY.menu)
        for _, contact in waiting:
            await stack.fact("CallQueued", contact=contact, within_s=20)
        await in_menu[0].answered()
        killed = stack.kill("asterisk")
        await stack.back("asterisk", killed)
        for _, contact in (*waiting, in_menu):
            ended = (await stack.fact("ContactEnded", contact=contact, within_s=30)).body
            assert ended["hung_up_by"] == "lost"


async def _all_tell(stack: HotlineStack, expected: Counter[str]) -> None:
    """Wait until the ledger has everything; then each source must tell what is expected, which adds up."""
    for _ in range(round(LEDGER_WITHIN_S / 0.2)):
        if await in_database(stack) == expected:
            break
        await asyncio.sleep(0.2)
    told = {
        "facts": await in_database(stack),
        "tiles": await on_tiles(stack),
        "metrics": await in_metrics(stack),
    }
    assert told == dict.fromkeys(told, expected)
    flow = sum(number for name, number in expected.items() if name.startswith("flow:"))
    assert expected["contacts"] == expected["blocked"] + expected["closed"] + flow + expected["asked"]
    ends = ("answered", "abandoned", "out", "lost", "waiting")
    assert expected["offered"] == sum(expected[name] for name in ends)
    quarters = await in_quarters(stack)
    assert (quarters.contacts, quarters.offered) == (expected["contacts"], expected["offered"])
    assert (quarters.answered, quarters.abandoned) == (expected["answered"], expected["abandoned"])
    assert (quarters.out, quarters.lost) == (expected["out"], expected["lost"])
    assert (quarters.blocked, quarters.closed) == (expected["blocked"], expected["closed"])


def _zone_at_noon() -> str:
    """A time zone in which midnight is far: "today" does not end within the test."""
    behind = datetime.now(UTC).hour - 12
    return f"Etc/GMT{behind:+d}" if behind else "Etc/GMT"
