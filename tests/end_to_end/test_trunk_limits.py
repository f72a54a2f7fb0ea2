"""A trunk carries as many calls as its settings say; the next is refused and counted as blocked."""

import pytest
from harness.call import CallFailed
from harness.lanes import NARROW, Lane
from harness.scenes import dial, nothing_left
from harness.stack import HotlineStack


async def test_a_call_too_many_is_blocked(stack: HotlineStack, lane: Lane) -> None:
    before = (await stack.picture())["day"]["blocked"]
    async with stack.caller(address=NARROW) as caller, stack.caller() as elsewhere:
        call, _ = await dial(stack, caller, lane.straight)
        await call.answered()
        refused, contact = await dial(stack, caller, lane.straight)
        with pytest.raises(CallFailed):
            await refused.answered()
        assert refused.end is not None
        assert (refused.end.status, refused.end.cause) == (503, 34)  # no circuit
        ended = (await stack.fact("ContactEnded", contact=contact)).body
        assert (ended["outcome"], ended["stage"], ended["hung_up_by"]) == ("blocked", "arrived", "us")
        assert (await stack.fact("ContactStarted", contact=contact)).body["trunk"] == "narrow"
        assert not stack.facts.of("CallQueued", contact=contact)

        other, _ = await dial(stack, elsewhere, lane.straight)  # another trunk has room
        await other.answered()
        await other.hang_up()
        await call.hang_up()
        await nothing_left(stack)
        again, _ = await dial(stack, caller, lane.straight)
        await again.answered()
        await again.hang_up()
    assert (await stack.picture())["day"]["blocked"] == before + 1
    await nothing_left(stack)
