"""Supervisors by API: the web process checks who asks, acd does it, and every act is in the database."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from harness.lanes import Lane, lane_settings
from harness.phone import Manner
from harness.prompt_tones import prompt_hz
from harness.scenes import agents, dial, nothing_left
from harness.stack import HotlineStack

from hotline.core.sessions import Session, seal
from hotline.signin import FIRST_USER

CALLER_HZ, AGENT_HZ, SUPERVISOR_HZ = 440, 1000, 2300
BY_HAND = Manner(reject=None)


class Api:
    """Somebody signed in to the pages."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def post(self, **deed: str) -> tuple[int, dict[str, Any]]:
        async with self._session.post("/api/deeds", json=deed) as response:
            return response.status, await response.json(content_type=None)

    async def acts(self) -> list[dict[str, Any]]:
        """What supervisors did, the newest first."""
        async with self._session.get("/api/acts?limit=500") as response:
            assert response.status == 200
            acts: list[dict[str, Any]] = (await response.json())["acts"]
            return acts

    async def do(self, **deed: str) -> None:
        """A deed that is done."""
        assert await self.post(**deed) == (200, {"done": True}), deed


@contextlib.asynccontextmanager
async def signed_in(stack: HotlineStack) -> AsyncIterator[Api]:
    """The first user, by name and password."""
    async with aiohttp.ClientSession(stack.pages, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        wish = {"name": FIRST_USER, "password": stack.secrets.user(FIRST_USER)}
        async with asyncio.timeout(20):
            while await _sign_in(session, wish) != 200:  # noqa: ASYNC110 - the user is made after the start
                await asyncio.sleep(0.5)
        yield Api(session)


async def _sign_in(session: aiohttp.ClientSession, wish: dict[str, str]) -> int:
    async with session.post("/api/sign-in", json=wish) as response:
        return response.status


async def test_listen_change_and_take_over_ring_the_supervisors_phone(
    stack: HotlineStack, lane: Lane
) -> None:
    first, boss = lane.agents[0], lane.supervisor
    async with (
        signed_in(stack) as api,
        stack.agent(boss, ready=False, tone_hz=SUPERVISOR_HZ) as desk,
        stack.agent(first, tone_hz=AGENT_HZ) as agent,
        stack.caller(tone_hz=CALLER_HZ) as caller,
    ):
        talk = {"agent": first, "as": boss}
        assert await api.post(deed="listen", **talk) == (409, {"done": False, "refused": "not_talking"})
        call, contact = await dial(stack, caller, lane.straight)
        rung = await agent.phone.incoming(within_s=15)
        rung.answer()
        await rung.rtp.hears(CALLER_HZ)

        await api.do(deed="whisper", **talk)
        spy = await desk.phone.incoming()
        spy.answer()
        await rung.rtp.hears(SUPERVISOR_HZ, share=0.2)
        await api.do(deed="barge", **talk)  # the same call of the supervisor's goes on
        await call.rtp.hears(SUPERVISOR_HZ, share=0.2)
        await api.do(deed="listen", **talk)
        await call.rtp.hears(AGENT_HZ, share=0.98)
        assert desk.phone.unfetched == 0

        await api.do(deed="take_over", **talk)
        await stack.fact("CallConnected", contact=contact, agent=boss, how="joined")
        await rung.ended()  # by the same call of the supervisor's, without a ring
        await call.rtp.hears(SUPERVISOR_HZ)
        assert spy.talking and desk.phone.unfetched == 0
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
        assert await api.post(deed="listen", agent=first, **{"as": first}) == (
            409,
            {"done": False, "refused": "not_a_supervisor"},
        )
    await nothing_left(stack)
    await _acts_are_kept(stack, contact, ["barge", "listen", "take", "whisper"])


async def test_who_is_not_at_the_conversation_is_rung_to_take_it_over(
    stack: HotlineStack, lane: Lane
) -> None:
    """… and one who listens elsewhere is led to the conversation that is asked for."""
    first, second, _, boss = lane.agents
    async with (
        signed_in(stack) as api,
        stack.agent(boss, ready=False, tone_hz=SUPERVISOR_HZ) as desk,
        stack.agent(first, tone_hz=AGENT_HZ) as one,
        stack.caller(tone_hz=CALLER_HZ) as caller,
    ):
        call, contact = await dial(stack, caller, lane.straight)
        rung = await one.phone.incoming(within_s=15)
        rung.answer()
        await rung.rtp.hears(CALLER_HZ)
        async with stack.agent(second, tone_hz=1500) as two:
            other_call, other = await dial(stack, caller, lane.straight)
            talk = await two.phone.incoming(within_s=15)
            talk.answer()
            await other_call.rtp.hears(1500)
            await api.do(deed="listen", agent=second, **{"as": boss})
            spy = await desk.phone.incoming()
            spy.answer()
            await spy.rtp.hears(1500, share=0.2)
            await api.do(deed="listen", agent=first, **{"as": boss})
            await spy.rtp.hears(AGENT_HZ, share=0.2)
            await api.do(deed="listen", agent=second, **{"as": boss})
            await spy.rtp.hears(1500, share=0.2)
            await other_call.hang_up()
            await spy.ended()
            await stack.fact("ContactEnded", contact=other)
        await api.do(deed="take_over", agent=first, **{"as": boss})
        taken = await desk.phone.incoming(within_s=15)
        taken.answer()
        await call.rtp.hears(SUPERVISOR_HZ)
        await rung.ended()
        await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    await nothing_left(stack)


async def test_waiting_calls_are_put_first_taken_moved_and_ended(
    stack: HotlineStack, lane: Lane, other_lane: Lane
) -> None:
    other = other_lane.queue
    boss = lane.supervisor
    async with (
        signed_in(stack) as api,
        agents(stack, lane.agents[0], ready=False, manner=BY_HAND) as (agent,),
        stack.agent(boss, ready=False, manner=BY_HAND) as desk,
        contextlib.AsyncExitStack() as ends,
    ):
        calls, contacts = [], []
        for _ in range(4):
            caller = await ends.enter_async_context(stack.caller(tone_hz=CALLER_HZ))
            call, contact = await dial(stack, caller, lane.straight)
            await stack.fact("CallQueued", contact=contact, within_s=15)
            calls.append(call)
            contacts.append(contact)
        await api.do(deed="end", contact=contacts[0], message="cannot-serve")
        await calls[0].rtp.hears(prompt_hz("cannot-serve"))
        await calls[0].ended()
        left = await stack.fact("CallLeftQueue", contact=contacts[0])
        assert (left.body["how"], left.body["to"]) == ("out", "message:cannot-serve")

        await api.do(deed="move", contact=contacts[1], queue=other)
        moved = await stack.fact("CallQueued", contact=contacts[1], entry=2)
        began = stack.facts.of("CallQueued", contact=contacts[1], entry=1)[0].body["wait_since_ms"]
        assert (moved.body["queue"], moved.body["wait_since_ms"]) == (other, began)

        await api.do(deed="put_first", contact=contacts[3])
        await agent.ready()
        rung = await agent.phone.incoming(within_s=15)
        await stack.fact("CallOffered", contact=contacts[3], agent=agent.number)

        await api.do(deed="take", contact=contacts[3], **{"as": boss})  # even from the phone that rings
        await rung.ended()
        mine = await desk.phone.incoming(within_s=15)
        mine.answer()
        await stack.fact("CallConnected", contact=contacts[3], agent=boss)
        await api.do(deed="end", contact=contacts[1])
        await calls[1].ended()
        for call in calls:
            if call.talking:
                await call.hang_up()
        for contact in contacts:
            await stack.fact("ContactEnded", contact=contact)
    await nothing_left(stack)


async def test_states_are_forced(stack: HotlineStack, lane: Lane) -> None:
    number = lane.agents[0]
    async with signed_in(stack) as api, stack.agent(number, ready=False):
        await api.do(deed="force", agent=number, state="ready")
        await stack.facts.agent_state(number, "ready")
        await api.do(deed="force", agent=number, state="not_ready", reason="2")
        assert (await stack.facts.agent_state(number, "not_ready")).body["reason"] == "2"
        assert await api.post(deed="force", agent=number, state="work_over") == (
            409,
            {"done": False, "refused": "no_work"},
        )
        await api.do(deed="force", agent=number, state="logged_out")
        assert (await stack.facts.agent_state(number, "offline")).body["reason"] == "forced"
        acts: list[dict[str, Any]] = []
        async with asyncio.timeout(10):
            while len(acts) < 4:
                acts = [act for act in await api.acts() if act["agent"] == number]
        assert [(act["by"], act["detail"], act["refused"]) for act in acts] == [
            (FIRST_USER, "logged_out", ""),
            (FIRST_USER, "work_over", "no_work"),
            (FIRST_USER, "not_ready:2", ""),
            (FIRST_USER, "ready", ""),
        ]
    await nothing_left(stack)


@pytest.mark.long
async def test_a_closed_queue_stays_closed_when_acd_is_killed(
    own_stack: Callable[[str], Awaitable[HotlineStack]],
) -> None:
    stack, lane = await own_stack(lane_settings(1)), Lane(0)
    async with signed_in(stack) as api, stack.caller(tone_hz=CALLER_HZ) as caller:
        waiting, patient = await dial(stack, caller, lane.straight)
        await stack.fact("CallQueued", contact=patient, within_s=15)
        await api.do(deed="close_queue", queue=lane.queue)
        pid = stack.kill("acd")
        await stack.back("acd", pid)
        late, refused = await dial(stack, caller, lane.straight)
        await late.rtp.hears(prompt_hz("leave-message"), within_s=20)
        await late.hang_up()
        await stack.fact("ContactEnded", contact=refused)
        assert not stack.facts.of("CallQueued", contact=refused)
        assert waiting.talking
        await api.do(deed="open_queue", queue=lane.queue)
        again, contact = await dial(stack, caller, lane.straight)
        await stack.fact("CallQueued", contact=contact, within_s=15)
        for call in (again, waiting):
            await call.hang_up()
        await stack.fact("ContactEnded", contact=contact)
    await nothing_left(stack)


async def test_who_is_no_supervisor_of_the_pages_may_not(stack: HotlineStack, lane: Lane) -> None:
    session = Session("rev", "reviewer", "", 4_000_000_000_000)
    cookie = {
        f"hotline_session_{stack.deployment.ports.http}": seal(session, stack.secrets.web_cookie_key.encode())
    }
    async with aiohttp.ClientSession(stack.pages, cookies=cookie) as stranger:
        status, _ = await Api(stranger).post(deed="close_queue", queue=lane.queue)
    assert status in (401, 403)
    assert not stack.facts.of("QueueClosed", queue=lane.queue)


async def _acts_are_kept(stack: HotlineStack, contact: str, deeds: list[str]) -> None:
    """Every act about the contact that the journal holds is in PostgreSQL: who, whom, when."""
    acts = [fact for fact in stack.facts.of("SupervisorActed", contact=contact) if not fact.body["refused"]]
    assert sorted({act.body["deed"] for act in acts}) == deeds
    expected = sorted((act.body["by"], act.body["deed"], act.at_us) for act in acts)
    for _ in range(50):
        rows = await stack.sql(
            "SELECT by_whom, deed, (extract(epoch FROM at) * 1000000)::bigint AS at_us"
            " FROM supervisor_act WHERE contact = $1 AND refused = ''",
            contact,
        )
        if sorted((row["by_whom"], row["deed"], row["at_us"]) for row in rows) == expected:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"journal {expected}, database {rows}")
