"""Agents dial outside numbers: presented number, prefixes, emergencies; and nobody from outside does."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from harness import sip, sound
from harness.call import Call
from harness.lanes import OUTSIDE, Lane, lane_settings
from harness.phone import Manner, Phone
from harness.prompt_tones import prompt_hz
from harness.scenes import agents, dial, nothing_left
from harness.stack import HotlineStack, processes_of
from harness.waiting import until

OwnStack = Callable[[str], Awaitable[HotlineStack]]
BY_HAND = Manner(reject=None)
AGENT_HZ, CALLEE_HZ = 440, 620
RINGING_HZ = 450  # indications.conf, cn
ONE_CHANNEL = lane_settings(1).replace(
    f'address = "{OUTSIDE[0]}:{OUTSIDE[1]}"', f'address = "{OUTSIDE[0]}:{OUTSIDE[1]}"\nmax_channels = 1'
)
SCARCE = ONE_CHANNEL.replace('allowed = ["1", "0"]', 'allowed = ["1", "0"]\nmax_calls_per_day = 1')

DUTY_MANAGER = "18812345678"  # to which no rule lets agents transfer callers
LATE = lane_settings(1).replace(
    f'name = "{Lane(0).queue}"',
    f'name = "{Lane(0).queue}"\nmax_wait_s = 1\noverflow = "outside:{DUTY_MANAGER}"',
    1,
)


def outside(stack: HotlineStack, **more: object) -> Phone:
    """Whoever is reached over the trunk for outgoing calls."""
    return Phone("outside", server=stack.server, address=OUTSIDE[0], port=OUTSIDE[1], **more)  # type: ignore[arg-type]


def user_of(call: Call) -> str:
    """Who calls, as the phone that rings sees it."""
    return sip.address_uri(call.invite.header("From")).partition("@")[0]


async def talk_to_record(call: Call, reached: Call) -> None:
    """Who is reached answers, both hear each other, and who was reached hangs up."""
    reached.answer()
    await call.rtp.hears(CALLEE_HZ)
    await reached.rtp.hears(AGENT_HZ)
    heard = call.rtp.received
    await until(lambda: call.rtp.received >= heard + 75, "1.5 s of talk to record", 5)
    await reached.hang_up()
    await call.ended(within_s=10)


async def test_an_agent_dials_out_during_after_contact_work(stack: HotlineStack, lane: Lane) -> None:
    number = lane.agents[0]
    async with (
        agents(stack, number, manner=BY_HAND) as (desk,),
        stack.caller() as caller,
        outside(stack, tone_hz=CALLEE_HZ) as callee,
    ):
        call, contact = await dial(stack, caller, lane.straight)
        rung = await desk.phone.incoming(within_s=15)
        rung.answer()
        await stack.fact("CallConnected", contact=contact)
        await rung.hang_up()
        await stack.fact("AgentStateChanged", agent=number, state="acw", contact=contact)
        out = desk.phone.call("913912345678", tone_hz=AGENT_HZ)
        reached = await callee.incoming(within_s=15)
        assert user_of(reached) == "sip:4000"
        assert "13912345678@" in reached.invite.uri
        await talk_to_record(out, reached)
        started = (await stack.fact("OutgoingStarted", agent=number)).body
        assert (started["contact"], started["trunk"], started["prefix"]) == (contact, "outside", "1")
        answered = (await stack.fact("OutgoingAnswered", agent=number)).body
        ended = (await stack.fact("OutgoingEnded", agent=number)).body
        assert (ended["contact"], ended["how"]) == (contact, "answered")
        assert ended["talk_ms"] == ended["at_ms"] - answered["at_ms"] > 0
        assert answered["recording"].endswith(started["segment"])
        await both_are_recorded(stack, answered["recording"], left_hz=CALLEE_HZ, right_hz=AGENT_HZ)
        day = (await stack.picture())["day_by_agent"][number]
        assert (day["outgoing"], day["outgoing_ms"]) == (1, ended["talk_ms"])
        await call.hang_up()
    await nothing_left(stack)


async def test_refused_prefixes_and_what_always_passes(stack: HotlineStack, lane: Lane) -> None:
    number, other = lane.agents[:2]
    by_reason = 'hotline_outgoing_refused_total{{why="{}"}}'.format
    before = {why: await stack.metric("acd", by_reason(why)) for why in ("prefix", "nobody")}
    async with (
        agents(stack, number) as (desk,),
        stack.phone(other) as nobodys,
        outside(stack, manner=Manner(reject=486)) as callee,
    ):
        await nobodys.register()
        for phone, dialled, why in (
            (desk.phone, "90013912345678", "prefix"),
            (desk.phone, "919012345678", "prefix"),
            (desk.phone, "955512345", "prefix"),
            (nobodys, "913912345678", "nobody"),
        ):
            refusals = len(stack.facts.of("OutgoingRefused", phone=phone.account.user))
            call = await phone.call(dialled).answered(within_s=15)
            await call.rtp.hears(prompt_hz("outgoing-refused"))
            await call.ended(within_s=10)
            refused = await stack.fact("OutgoingRefused", phone=phone.account.user, count=refusals + 1)
            assert refused.body["why"] == why
        assert callee.unfetched == 0
        for why, more in (("prefix", 3), ("nobody", 1)):
            assert await stack.metric("acd", by_reason(why)) == before[why] + more
        for phone, dialled in ((desk.phone, "9110"), (nobodys, "119")):
            call = phone.call(dialled)
            reached = await callee.incoming(within_s=15)
            assert dialled.removeprefix("9") + "@" in reached.invite.uri
            assert (await call.ended(within_s=10)).status == 486
            ended = await stack.fact("OutgoingEnded", how="busy", cause=17)
            assert ended.body["talk_ms"] == 0
    await nothing_left(stack)


async def test_from_outside_nobody_gets_out(stack: HotlineStack, lane: Lane) -> None:
    """By dialling, nor by an agent's REFER of a caller."""
    number = lane.agents[0]
    async with (
        agents(stack, number, manner=BY_HAND) as (desk,),
        stack.caller() as caller,
        outside(stack) as callee,
    ):
        for dialled in ("913912345678", "9110", "110", number, "*11"):
            assert (await caller.call(dialled).ended(within_s=10)).status == 404, dialled
        call, contact = await dial(stack, caller, lane.straight)
        rung = await desk.phone.incoming(within_s=15)
        rung.answer()
        await stack.fact("CallConnected", contact=contact)
        for target in ("913912345678", "110", "9110"):
            status = await rung.refer(target)
            assert status >= 400 or await rung.transferred() >= 400, target
            rung.transfer_progress.clear()
        assert callee.unfetched == 0
        await call.hang_up()
    await nothing_left(stack)


async def test_a_caller_is_transferred_outside_where_a_rule_says_so(stack: HotlineStack, lane: Lane) -> None:
    """Busy there: the agent has the caller again, and no recording goes on. Then they talk."""
    number = lane.agents[0]
    async with (
        agents(stack, number, manner=BY_HAND) as (desk,),
        stack.caller(tone_hz=AGENT_HZ) as caller,
        outside(stack, tone_hz=CALLEE_HZ) as callee,
    ):
        call, contact = await dial(stack, caller, lane.straight)
        for talks in (1, 2):
            rung = await desk.phone.incoming(within_s=15)
            assert user_of(rung) == user_of(call)
            rung.answer()
            await stack.fact("CallConnected", contact=contact, count=talks)
            assert await rung.refer("917712345678") == 202
            reached = await callee.incoming(within_s=15)
            assert user_of(reached) == "sip:4000"
            assert "17712345678@" in reached.invite.uri
            if talks == 1:
                reached.reject(486)
                await stack.fact("OutgoingEnded", contact=contact, agent=number, how="busy")
        reached.answer()
        await call.rtp.hears(CALLEE_HZ)
        await reached.rtp.hears(AGENT_HZ)
        answered = (await stack.fact("OutgoingAnswered", contact=contact, agent=number)).body
        seen = call.rtp.received
        await until(lambda: call.rtp.received >= seen + 75, "1.5 s of talk to record", 5)
        await reached.hang_up()
        await call.ended(within_s=10)
        ended = await stack.fact("OutgoingEnded", contact=contact, agent=number, how="answered")
        assert ended.body["talk_ms"] > 0
    await both_are_recorded(stack, answered["recording"], left_hz=AGENT_HZ, right_hz=CALLEE_HZ)
    begun = [fact.body["segment"] for fact in stack.facts.of("OutgoingStarted", contact=contact)]
    assert begun == [f"o-{contact}.1", f"o-{contact}.2"]
    # Outside of a bridge nothing is recorded: the attempt has no sound, unless of what came after it.
    incoming, kept = stack.deployment.recordings / "incoming", stack.journal("keeper")
    assert not (incoming / f"{begun[0]}.raw").exists() or not (incoming / f"{begun[0]}.raw").stat().st_size
    assert begun[0] not in [fact.body["segment"] for fact in kept if fact.kind == "RecordingKept"]
    await nothing_left(stack)


@pytest.mark.long
async def test_a_transferred_caller_takes_room_on_the_trunk_outside(own_stack: OwnStack) -> None:
    """Until that talk is over: another transfer is refused, unless to an emergency number."""
    stack, lane = await own_stack(ONE_CHANNEL.replace('["177"]', '["177", "110"]')), Lane(0)
    number, other = lane.agents[:2]
    async with (
        agents(stack, number, manner=BY_HAND) as (desk,),
        stack.phone(other) as another,
        stack.caller() as caller,
        outside(stack) as callee,
    ):
        await another.register()
        await stack.desk(another).log_in()
        call, contact = await dial(stack, caller, lane.straight)
        assert await (await connected(stack, desk.phone, contact)).refer("917712345678") == 202
        lasting = await callee.incoming(within_s=15)
        lasting.answer()
        await stack.fact("OutgoingAnswered", contact=contact)
        # The caller is counted where the call came in, as before.
        assert await counted(stack) == ["carrier", "outside"]
        full = await another.call("913912345678").ended(within_s=10)
        assert (full.status, full.cause) == (503, 34)  # no circuit

        next_call, next_contact = await dial(stack, caller, lane.straight)
        assert await (await connected(stack, desk.phone, next_contact)).refer("917787654321") == 202
        await stack.fact("OutgoingRefused", agent=number, why="trunk_full")
        again = await connected(stack, desk.phone, next_contact, 2)
        assert callee.unfetched == 0
        assert await again.refer("9110") == 202
        reached = await callee.incoming(within_s=15)
        assert "110@" in reached.invite.uri
        assert await counted(stack) == ["carrier", "carrier", "outside", "outside"]
        reached.reject(486)
        await connected(stack, desk.phone, next_contact, 3)
        assert await counted(stack) == ["carrier", "carrier", "outside"]
        await lasting.hang_up()
        await call.ended(within_s=10)
        await next_call.hang_up()
        reached = await reaches(another, "913912345678", callee)
        reached.reject(486)
    await nothing_left(stack)


@pytest.mark.parametrize(
    "killed",
    [
        "",
        pytest.param("in the consultation", marks=pytest.mark.long),
        pytest.param("before the transfer", marks=pytest.mark.long),
        pytest.param("after it", marks=pytest.mark.long),
    ],
)
async def test_a_caller_handed_outside_after_a_consultation_is_counted_and_recorded_there(
    stack: HotlineStack, lane: Lane, killed: str
) -> None:
    """On the agent's account, but no more the agent's; the trunk counts what it carries on."""
    number = lane.agents[0]
    async with (
        agents(stack, number, manner=BY_HAND) as (desk,),
        stack.caller(tone_hz=AGENT_HZ) as caller,
        outside(stack, tone_hz=CALLEE_HZ) as callee,
    ):
        call, contact = await dial(stack, caller, lane.straight)
        talk = await connected(stack, desk.phone, contact)
        await talk.hold()
        await stack.fact("HoldChanged", contact=contact, held=True)
        consultation = desk.phone.call("913912345678")
        reached = await callee.incoming(within_s=15)
        assert await counted(stack) == ["carrier", "outside"]
        reached.answer()
        await consultation.rtp.hears(CALLEE_HZ)
        call.rtp.sequence, consultation.rtp.sequence = 100, 20_000
        dead = stack.kill("acd") if killed in ("in the consultation", "before the transfer") else 0
        if killed == "in the consultation":
            await stack.back("acd", dead)
        assert await talk.refer(consultation) == 202
        await reached.rtp.hears(AGENT_HZ, within_s=10)
        if killed == "before the transfer":
            await stack.back("acd", dead)
        await call.rtp.hears(CALLEE_HZ)
        segment = (await stack.fact("SegmentEnded", contact=contact, agent=number)).body
        assert segment["hung_up_by"] == "transfer"
        asked = (await stack.fact("OutgoingEnded", contact=contact, agent=number, how="answered")).body
        assert await counted(stack) == ["carrier", "outside"]
        if not killed:
            await stack.fact("AgentStateChanged", agent=number, state="acw", contact=contact)
        if killed == "after it":
            await stack.back("acd", stack.kill("acd"))
        heard = call.rtp.received
        await until(lambda: call.rtp.received >= heard + 75, "1.5 s of talk to record", 5)
        await reached.hang_up()
        await call.rtp.hears(prompt_hz("survey"))
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    assert len(stack.facts.of("CallConnected", contact=contact)) == 1
    own, theirs = (one.body for one in stack.facts.of("OutgoingStarted", contact=contact))
    assert own["segment"] == asked["segment"]
    for name in ("agent", "callee", "trunk", "prefix"):
        assert theirs[name] == own[name] != ""
    answered = (await stack.fact("OutgoingAnswered", segment=theirs["segment"])).body
    ended = (await stack.fact("OutgoingEnded", segment=theirs["segment"])).body
    assert ended["how"] == "answered"
    assert ended["talk_ms"] == ended["at_ms"] - answered["at_ms"] > 0
    await both_are_recorded(stack, answered["recording"], left_hz=AGENT_HZ, right_hz=CALLEE_HZ)
    await nothing_left(stack)


async def connected(stack: HotlineStack, phone: Phone, contact: str, times: int = 1) -> Call:
    """The offer that rings at this phone, answered: for the contact the conversation of this number."""
    call = await phone.incoming(within_s=15)
    call.answer()
    await stack.fact("CallConnected", contact=contact, count=times)
    return call


async def counted(stack: HotlineStack) -> list[str]:
    """The trunks on which calls are counted, once for each call."""
    lines = (await stack.console("group show channels")).splitlines()
    return sorted(line.split()[1] for line in lines if line.startswith("PJSIP/"))


@pytest.mark.long
async def test_talks_outside_are_over_though_acd_died_in_them(own_stack: OwnStack) -> None:
    """A caller who was transferred is not queued again, an emergency number is not dialled twice."""
    stack, lane = await own_stack(lane_settings(1)), Lane(0)
    number, other = lane.agents[:2]
    async with (
        agents(stack, number, manner=BY_HAND) as (desk,),
        stack.phone(other) as nobodys,
        stack.caller() as caller,
        outside(stack, tone_hz=CALLEE_HZ) as callee,
    ):
        await nobodys.register()
        call, contact = await dial(stack, caller, lane.straight)
        rung = await desk.phone.incoming(within_s=15)
        rung.answer()
        await stack.fact("CallConnected", contact=contact)
        assert await rung.refer("917712345678") == 202
        transferred = await callee.incoming(within_s=15)
        transferred.answer()
        await call.rtp.hears(CALLEE_HZ)
        urgent = nobodys.call("119")
        emergency = await callee.incoming(within_s=15)
        emergency.answer()
        await urgent.rtp.hears(CALLEE_HZ)
        killed = stack.kill("acd")
        await stack.back("acd", killed)
        for there, here in ((transferred, call), (emergency, urgent)):
            await there.hang_up()
            await here.ended(within_s=10)
        assert callee.unfetched == 0
        assert len(stack.facts.of("CallQueued", contact=contact)) == 1
    await nothing_left(stack)


async def test_who_waited_too_long_is_connected_outside_or_leaves_a_message(own_stack: OwnStack) -> None:
    """Busy: a voice message, also of a direct call that nobody had answered. Then they talk."""
    stack, lane = await own_stack(LATE), Lane(0)
    async with (
        stack.caller(tone_hz=AGENT_HZ) as caller,
        outside(stack, tone_hz=CALLEE_HZ) as callee,
    ):
        unlucky, missed = await dial(stack, caller, lane.direct)
        reached = await callee.incoming(within_s=15)
        assert not unlucky.talking
        reached.reject(486)
        await unlucky.rtp.hears(prompt_hz("leave-message"), within_s=15)
        ended = (await stack.fact("OutgoingEnded", contact=missed, agent="")).body
        assert (ended["how"], ended["cause"], ended["talk_ms"]) == ("busy", 17, 0)
        await unlucky.hang_up()
        await stack.fact("ContactEnded", contact=missed)

        call, contact = await dial(stack, caller, lane.straight)
        reached = await callee.incoming(within_s=15)
        assert user_of(reached) == "sip:4000"
        assert f"{DUTY_MANAGER}@" in reached.invite.uri
        await call.rtp.hears(RINGING_HZ, within_s=10)  # 1 s of every 5
        await talk_to_record(call, reached)
        over = (await stack.fact("ContactEnded", contact=contact)).body
        assert (over["stage"], over["cause"]) == ("flow", 16)
        assert over["hung_up_by"] == "us"
    for one in (missed, contact):
        (left,) = stack.facts.of("CallLeftQueue", contact=one)
        assert (left.body["how"], left.body["to"]) == ("out", f"outside:{DUTY_MANAGER}")
    started = (await stack.fact("OutgoingStarted", contact=contact)).body
    answered = (await stack.fact("OutgoingAnswered", contact=contact)).body
    ended = (await stack.fact("OutgoingEnded", contact=contact)).body
    assert (started["segment"], started["agent"], started["trunk"]) == (f"o-{contact}.1", "", "outside")
    assert (ended["how"], ended["agent"]) == ("answered", "")
    assert ended["talk_ms"] > 0
    await both_are_recorded(stack, answered["recording"], left_hz=AGENT_HZ, right_hz=CALLEE_HZ)
    picture = await stack.picture()
    assert "" not in picture["day_by_agent"]
    query = "SELECT agent, how FROM outgoing_call WHERE contact = $1 AND ended_at IS NOT NULL"
    for _ in range(100):
        if rows := await stack.sql(query, contact):
            break
        await asyncio.sleep(0.1)
    assert rows == [{"agent": "", "how": "answered"}]
    await nothing_left(stack)


async def test_calls_outside_are_counted_as_what_they_were_though_acd_was_dead(
    stack: HotlineStack, lane: Lane
) -> None:
    """Two rang when acd was killed: answered at once, and when it is back. One was over meanwhile."""
    numbers = lane.agents[:3]
    async with agents(stack, *numbers) as desks, outside(stack, tone_hz=CALLEE_HZ) as callee:
        calls, rung = [], []
        for desk, last in zip(desks, "123", strict=True):
            calls.append(desk.phone.call(f"91391234567{last}", tone_hz=AGENT_HZ))
            rung.append(await callee.incoming(within_s=15))
        rung[2].answer()
        await calls[2].rtp.hears(CALLEE_HZ)
        await stack.fact("OutgoingAnswered", agent=numbers[2])
        killed = stack.kill("acd")
        await rung[2].hang_up()
        rung[0].answer()
        await calls[0].rtp.hears(CALLEE_HZ)
        await stack.back("acd", killed)
        rung[1].answer()
        await calls[1].rtp.hears(CALLEE_HZ)
        for number, call, reached in zip(numbers, calls, rung, strict=True):
            answered = (await stack.fact("OutgoingAnswered", agent=number)).body
            if call is not calls[2]:
                await reached.hang_up()
            await call.ended(within_s=10)
            ended = (await stack.fact("OutgoingEnded", agent=number)).body
            assert ended["how"] == "answered"
            assert ended["talk_ms"] == ended["at_ms"] - answered["at_ms"] > 0
            file = stack.deployment.recordings / f"{answered['recording']}.wav"
            await until(file.exists, f"recording {file.name}", 15)
    await nothing_left(stack)


@pytest.mark.long
async def test_a_queue_s_exit_outside_ends_well_though_acd_died(own_stack: OwnStack) -> None:
    """In the talk: the call is over after it. While it rings: busy then is a voice message as ever."""
    stack, lane = await own_stack(LATE), Lane(0)
    # Who speaks would leave a voice message where the call is not over.
    async with stack.caller(tone_hz=AGENT_HZ) as caller, outside(stack, tone_hz=CALLEE_HZ) as callee:
        call, contact = await dial(stack, caller, lane.straight)
        talks = await callee.incoming(within_s=15)
        talks.answer()
        await call.rtp.hears(CALLEE_HZ)
        other, missed = await dial(stack, caller, lane.straight)
        rings = await callee.incoming(within_s=15)
        killed = stack.kill("acd")
        await stack.back("acd", killed)
        rings.reject(486)
        await other.rtp.hears(prompt_hz("leave-message"), within_s=15)
        await talks.hang_up()
        await call.ended(within_s=10)
        await other.hang_up()
        ended = (await stack.fact("OutgoingEnded", contact=contact)).body
        assert (ended["how"], ended["agent"]) == ("answered", "")
        await stack.fact("OutgoingEnded", contact=missed)
        assert (await stack.fact("ContactEnded", contact=contact)).body["outcome"] == "queued"
        assert callee.unfetched == 0
        for one in (contact, missed):
            assert len(stack.facts.of("CallQueued", contact=one)) == 1
    await nothing_left(stack)


async def both_are_recorded(stack: HotlineStack, name: str, *, left_hz: int, right_hz: int) -> None:
    """Who was called by an agent, or who was transferred, is left; neither is heard on the other's side."""
    file = stack.deployment.recordings / f"{name}.wav"
    await until(file.exists, f"recording {file.name}", 15)
    left, right = sound.read_channels(file)
    assert len(left) > sound.SAMPLES_PER_S
    assert sound.clearest_share(left, left_hz) > 0.9 > 0.1 > sound.tone_share(left, right_hz)
    assert sound.clearest_share(right, right_hz) > 0.9 > 0.1 > sound.tone_share(right, left_hz)


@pytest.mark.long
@pytest.mark.timeout(180)
async def test_an_emergency_number_passes_whatever_holds(
    own_stack: OwnStack,
) -> None:
    """The day's calls are used up, then the trunk is full too, then acd is dead."""
    stack = await own_stack(SCARCE)
    first, second = Lane(0).agents[:2]
    async with (
        stack.phone(first) as phone,
        stack.phone(second) as other,
        outside(stack, tone_hz=CALLEE_HZ) as callee,
    ):
        for one in (phone, other):
            await one.register()
            await stack.desk(one).log_in()
        reached = await reaches(phone, "913912345678", callee)
        reached.reject(486)
        await stack.fact("OutgoingEnded", agent=first, how="busy")

        refused = await phone.call("913912345678").answered(within_s=15)
        await stack.fact("OutgoingRefused", agent=first, why="calls")
        await refused.ended(within_s=10)
        lasting = await reaches(phone, "9110", callee)
        lasting.answer()
        await lasting.rtp.hears_sound()

        full = await other.call("913912345678").ended(within_s=10)
        assert (full.status, full.cause) == (503, 34)  # no circuit
        assert callee.unfetched == 0
        reached = await reaches(other, "110", callee)
        reached.reject(486)
        await stack.fact("OutgoingEnded", agent=second, how="busy")
        await lasting.hang_up()
        await phone.calls[-1].ended()

        dead = {stack.kill(name) for name in ("supervisor", "acd")}
        await until(lambda: not dead & set(processes_of(stack.data)), "the end of acd", 10)
        reached = await reaches(phone, "110", callee)
        assert sip.address_uri(reached.invite.header("From")).startswith("sip:4000@")
        reached.answer()
        call = await phone.calls[-1].answered()
        await call.rtp.hears(CALLEE_HZ)
        await reached.rtp.hears(AGENT_HZ)
        await call.hang_up()
        await reached.ended()


async def reaches(phone: Phone, dialled: str, callee: Phone) -> Call:
    """The call that rings outside when this phone dials."""
    phone.call(dialled, tone_hz=AGENT_HZ)
    reached = await callee.incoming(within_s=15)
    assert f"{dialled.removeprefix('9')}@" in reached.invite.uri
    return reached
