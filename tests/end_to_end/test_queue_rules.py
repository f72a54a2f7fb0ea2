"""Rules of queues on real phones: who is preferred, who is not let in, music, rules kept from the entry.

One hotline for all of it; its first agent is in no team.
"""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from harness.lanes import Lane, lane_settings
from harness.phone import Manner
from harness.prompt_tones import MUSIC_HZ, OWN_MUSIC_HZ, prompt_hz
from harness.scenes import agents, dial, new_number, nothing_left
from harness.stack import HotlineStack, run_hotline

BY_HAND = Manner(reject=None)
LANE = Lane(0)
FIRST, OF_THE_TEAM = LANE.agents[0], LANE.agents[1]

_RULES = """
[[team]]
name = "vip"
agents = ["{team}"]

[[queue]]
name = "hasty"
title = {{ zh = "急", en = "Hasty" }}
needs = "{skill}"
announce_position_s = 0
max_predicted_wait_s = 60
predicted_overflow = {{ entering = "message:message-thanks", waiting = "wait" }}
short_abandon_s = 30
announce_queue = false
whisper = "queue-{queue}"

[[queue]]
name = "known"
title = {{ zh = "熟客", en = "Known" }}
needs = "{skill}"
prefer_last_agent_s = 60
after_contact_s = 0
whisper = "queue-{queue}"

[[queue]]
name = "scant"
title = {{ zh = "少", en = "Scant" }}
needs = "{skill}"
announce_position_s = 0
callers_per_agent = 1
overflow = "message:message-thanks"
music = "own"
whisper = "queue-{queue}"

[[queue]]
name = "kept"
title = {{ zh = "保留", en = "Kept" }}
needs = "{skill}"
after_contact_s = 2
whisper = "queue-{queue}"
"""

_NUMBERS = """
[[flow]]
name = "hasty"
start = "queue:hasty"
[[number]]
did = "6001"
flow = "hasty"

[[flow]]
name = "accounts"
start = "queue:{queue}"
prefer = ["{first}"]
[[number]]
did = "6002"
flow = "accounts"
prefer = ["vip"]

[[flow]]
name = "kept"
start = "queue:kept"
[[number]]
did = "6003"
flow = "kept"

[[flow]]
name = "known"
start = "queue:known"
[[number]]
did = "6004"
flow = "known"

[[flow]]
name = "scant"
start = "queue:scant"
[[number]]
did = "6005"
flow = "scant"
"""


def _settings() -> str:
    text = lane_settings(1)
    at = text.index("[[queue]]")
    rules = _RULES.format(team=OF_THE_TEAM, skill=LANE.skill, queue=LANE.queue)
    return text[:at] + rules + text[at:] + _NUMBERS.format(queue=LANE.queue, first=FIRST)


@pytest.mark.long
async def test_rules_of_queues(own_stack: Callable[[str], Awaitable[HotlineStack]], tmp_path: Path) -> None:
    stack = await own_stack(_settings())
    async with agents(stack, FIRST, OF_THE_TEAM, manner=BY_HAND) as (first, of_the_team):
        await _the_number_s_team_before_one_who_is_longer_idle(stack, of_the_team)
        await _who_served_the_caller_last_before_one_who_is_longer_idle(stack, first)
        await of_the_team.not_ready()
        await _too_long_a_wait_is_not_begun(stack, first)
        await first.not_ready()
        await _no_more_callers_than_agents_and_music_of_its_own(stack)
        await _rules_are_those_of_the_entry(stack, first, tmp_path)
    await nothing_left(stack)


async def _the_number_s_team_before_one_who_is_longer_idle(stack: HotlineStack, desk) -> None:  # type: ignore[no-untyped-def]
    async with stack.caller() as caller:
        call, contact = await dial(stack, caller, "6002")
        rung = await desk.phone.incoming(within_s=15)
        rung.answer()
        await stack.fact("CallConnected", contact=contact, agent=OF_THE_TEAM)
        await rung.hang_up()
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    queued = (await stack.fact("CallQueued", contact=contact)).body
    assert (queued["teams"], queued["prefer"]) == (["vip"], [OF_THE_TEAM])
    status, said = await run_hotline("explain", contact, "--data", str(stack.deployment.data), within_s=60)
    assert status == 0, said
    assert f"at first of agent {OF_THE_TEAM} alone, of team vip" in said
    await stack.facts.agent_state(desk.number, "ready", within_s=15)


async def _who_served_the_caller_last_before_one_who_is_longer_idle(stack: HotlineStack, desk) -> None:  # type: ignore[no-untyped-def]
    """At the first call this agent is the one who is idle for longest, at the second the other."""
    number, contacts = new_number(), []
    async with stack.caller() as caller:
        for times in (1, 2):
            call = await caller.call("6004", caller=number).answered()
            reference = (await stack.fact("CallerIdentified", number=number)).body["caller"]
            contacts.append((await stack.fact("ContactStarted", caller=reference, count=times)).contact)
            rung = await desk.phone.incoming(within_s=15)
            rung.answer()
            await stack.fact("CallConnected", contact=contacts[-1], agent=FIRST)
            await rung.hang_up()
            await call.hang_up()
            await stack.fact("ContactEnded", contact=contacts[-1])
            await stack.facts.agent_state(FIRST, "ready", within_s=15)
    preferred = [(await stack.fact("CallQueued", contact=contact)).body["prefer"] for contact in contacts]
    assert preferred == [[], [FIRST]]
    rung_at = [
        [fact.body["agent"] for fact in stack.facts.of("CallOffered", contact=one)] for one in contacts
    ]
    assert rung_at == [[FIRST], [FIRST]]


async def _no_more_callers_than_agents_and_music_of_its_own(stack: HotlineStack) -> None:
    """Two are logged in: two callers wait and hear the queue's music, for a third there is no room."""
    async with stack.caller() as caller:
        waiting = [await dial(stack, caller, "6005") for _ in range(2)]
        for call, contact in waiting:
            await stack.fact("CallQueued", contact=contact, within_s=15)
            await call.rtp.hears(OWN_MUSIC_HZ)
        turned, third = await dial(stack, caller, "6005")
        sent = (await stack.fact("CallOverflowed", contact=third, within_s=15)).body
        assert (sent["reason"], sent["to"]) == ("callers_per_agent", "message:message-thanks")
        await turned.rtp.hears(prompt_hz("message-thanks"))
        await turned.ended()
        assert not stack.facts.of("CallQueued", contact=third)
        for call, contact in waiting:
            await call.hang_up()
            await stack.fact("ContactEnded", contact=contact)


async def _too_long_a_wait_is_not_begun(stack: HotlineStack, desk) -> None:  # type: ignore[no-untyped-def]
    """The one agent has just begun to talk: the first guess of a talk is minutes. The whisper is off."""
    async with stack.caller() as caller, stack.caller() as other:
        call, contact = await dial(stack, caller, "6001")
        rung = await desk.phone.incoming(within_s=15)
        rung.answer()
        await call.rtp.hears(prompt_hz(f"agent-{FIRST}"))
        assert rung.rtp.share_of(prompt_hz(f"queue-{LANE.queue}")) < 0.1  # played at the same time
        await stack.fact("CallConnected", contact=contact)
        turned, late = await dial(stack, other, "6001")
        sent = (await stack.fact("CallOverflowed", contact=late, within_s=15)).body
        await turned.rtp.hears(prompt_hz("message-thanks"), within_s=15)
        left = (await stack.fact("CallLeftQueue", contact=late)).body
        await turned.ended()
        await rung.hang_up()
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    assert (sent["reason"], sent["to"]) == ("predicted_wait", "message:message-thanks")
    assert sent["predicted_ms"] > 60_000
    assert (left["how"], left["to"]) == ("out", "message:message-thanks")
    assert not stack.facts.of("CallOverflowed", contact=contact)
    await stack.facts.agent_state(desk.number, "ready", within_s=15)


async def _rules_are_those_of_the_entry(stack: HotlineStack, desk, folder: Path) -> None:  # type: ignore[no-untyped-def]
    """Settings change, and acd is killed, while one waits: work after the talk is as it was at the entry."""
    async with stack.caller() as caller:
        call, contact = await dial(stack, caller, "6003")
        await stack.fact("CallQueued", contact=contact, within_s=15)
        await call.rtp.hears(MUSIC_HZ)
        changed = folder / "changed.toml"
        changed.write_text(re.sub("after_contact_s = .*", "after_contact_s = 600", _settings()), "utf-8")
        status, said = await run_hotline(
            "settings", "import", str(changed), "--data", str(stack.deployment.data), within_s=60
        )
        assert status == 0, said
        killed = stack.kill("acd")
        await stack.back("acd", killed)
        assert (await stack.sql("SELECT max(version) AS version FROM settings_version"))[0]["version"] == 2
        await desk.ready()
        rung = await desk.phone.incoming(within_s=20)
        rung.answer()
        await stack.fact("CallConnected", contact=contact)
        await rung.hang_up()
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
        working = [one.body for one in stack.facts.of("AgentStateChanged", agent=desk.number, state="acw")]
        assert working[-1]["contact"] == contact
        assert working[-1]["until_ms"] - working[-1]["at_ms"] == 2_000
        offered = (await stack.fact("CallOffered", contact=contact)).body
        assert offered["proof"]["settings_version"] == 2
    await stack.facts.agent_state(desk.number, "ready", within_s=15)
