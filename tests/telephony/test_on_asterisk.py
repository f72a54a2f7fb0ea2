"""Telephony on a real Asterisk: what the scripted peers claim about it is so.

One Asterisk for all tests, with Local channels only; each test has a FastAGI server and an AMI link of
its own.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from harness.bare_asterisk import BareAsterisk
from prometheus_client import CollectorRegistry
from telephony_peers import TOKEN, count, until

from telephony import variables
from telephony.ami import AmiLink, AmiMetrics, AmiTimes, Destination, LinkState
from telephony.channels import ChannelSeen, channel_seen
from telephony.dial import DialOptions
from telephony.errors import AgiFailed, AgiRefused, AmiRefused, HungUp
from telephony.fastagi import AgiMetrics, AgiSession, FastAgiServer

MODULES = (
    *("pbx_config", "res_speech", "res_agi", "res_musiconhold", "res_timing_timerfd", "bridge_simple"),
    *("app_dial", "app_stack", "app_echo", "app_verbose", "func_channel", "func_callerid", "func_uri"),
    *("func_strings", "func_logic", "codec_ulaw", "format_wav", "format_pcm", "format_sln"),
)
LONG_SOUND = "vm-options"  # of Asterisk's core sounds; 8 s and more
SOON_S = 2.0
FORGING_NAME = "x%0A%0Aagi_uniqueid: forged%0Aagi_arg_1: forged%0Aagi_arg_4: four%0Aend"


@dataclass
class Site:
    """The Asterisk and where it looks for us."""

    asterisk: BareAsterisk
    ami_port: int
    agi_port: int


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def configuration(ami_port: int, agi_port: int) -> Mapping[str, str]:
    agi = f"agi://127.0.0.1:{agi_port}/probe"
    channelvars = ",".join((*variables.IN_EVENTS, variables.OUTCOME))
    return {
        "manager.conf": f"""
[general]
enabled=yes
port={ami_port}
bindaddr=127.0.0.1
allowmultiplelogin=no
channelvars={channelvars}
[acd]
secret=right
read=system,call,agent,reporting,user,security
write=call,originate,reporting
[other]
secret=right
""",
        "extensions.conf": f"""
[test]
exten => probe,1,Answer()
 same => n,AGI({agi},{TOKEN},one,two words)
 same => n,Wait(30)
exten => forged,1,Answer()
 same => n,Set(CALLERID(name)=${{URIDECODE({FORGING_NAME})}})
 same => n,AGI({agi},{TOKEN},one)
 same => n,Wait(30)
exten => wrong,1,Answer()
 same => n,AGI({agi},guessed)
 same => n,Wait(30)
exten => hold,1,Set(HL_CONTACT=${{UNIQUEID}})
 same => n,Set(CHANNEL(accountcode)=${{UNIQUEID}})
 same => n,Set(HL_STAGE=waiting)
 same => n,Answer()
 same => n,Wait(30)
exten => agent,1,Answer()
 same => n,Wait(1)
[agent-leg]
exten => s,1,Set(MASTER_CHANNEL(HL_STAGE)=connected-${{ARG1}}-${{ARG2}})
 same => n,Return()
[before]
exten => s,1,Set(HL_OUTCOME=rung-${{ARG1}})
 same => n,Return()
""",
    }


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="hl") as folder:
        ami_port, agi_port = free_port(), free_port()
        with BareAsterisk(Path(folder), configuration(ami_port, agi_port), modules=MODULES) as asterisk:
            yield Site(asterisk, ami_port, agi_port)


@dataclass
class Talk:
    """A link that is up, and the session that Asterisk opens when asked to."""

    link: AmiLink
    registry: CollectorRegistry
    messages: list[Mapping[str, str]] = field(default_factory=list)
    sessions: asyncio.Queue[AgiSession] = field(default_factory=asyncio.Queue)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def call(self, exten: str = "probe", **more: str) -> None:
        """Let Asterisk make a call: one end waits in the dialplan, the other goes to `exten`."""
        fields = {"Channel": "Local/hold@test", "Context": "test", "Exten": exten, "Priority": "1", **more}
        await self.link.action("Originate", fields)

    async def session(self, exten: str = "probe", **more: str) -> AgiSession:
        await self.call(exten, **more)
        return await asyncio.wait_for(self.sessions.get(), 5)

    async def hold(self, session: AgiSession) -> None:
        self.sessions.put_nowait(session)
        ends = [asyncio.ensure_future(event.wait()) for event in (self.done, session.closed)]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()

    def seen(self, event: str) -> list[ChannelSeen]:
        return [channel_seen(message) for message in self.messages if message["Event"] == event]

    async def snapshot(self) -> dict[str, ChannelSeen]:
        entries = await self.link.list_action("CoreShowChannels", complete_event="CoreShowChannelsComplete")
        return {one.uniqueid: one for one in map(channel_seen, entries)}


@pytest.fixture
async def talk(site: Site, registry: CollectorRegistry) -> AsyncIterator[Talk]:
    messages: list[Mapping[str, str]] = []
    link = AmiLink(
        "127.0.0.1",
        site.ami_port,
        "acd",
        "right",
        on_message=messages.append,
        on_state=lambda state: None,
        metrics=AmiMetrics(registry),
        destinations=[Destination("test", name) for name in ("probe", "forged", "wrong", "hold", "agent")],
        times=AmiTimes(taken_retry_s=0.1),
    )
    talk = Talk(link, registry, messages)
    server = FastAgiServer(
        "127.0.0.1", site.agi_port, TOKEN, {"probe": talk.hold}, metrics=AgiMetrics(registry)
    )
    await server.start()
    link.start()
    await until(lambda: link.connected)
    yield talk
    talk.done.set()
    for one in (await talk.snapshot()).values():
        try:
            await link.action("Hangup", {"Channel": one.channel})
        except AmiRefused:
            continue  # its other half took it along
    await server.close()
    await link.close()


async def within(limit_s: float, deed: Awaitable[object]) -> float:
    """How long a deed took, in seconds; it may take limit_s."""
    clock = asyncio.get_running_loop().time
    began = clock()
    await asyncio.wait_for(deed, limit_s)
    return clock() - began


# ---- AMI ---------------------------------------------------------------------------------------------------


async def other_link(site: Site, username: str, secret: str) -> tuple[AmiLink, list[LinkState]]:
    states: list[LinkState] = []
    link = AmiLink(
        "127.0.0.1", site.ami_port, username, secret, on_message=lambda _: None, on_state=states.append
    )
    link.start()
    await until(lambda: bool(states))
    await link.close()
    return link, states


async def test_asterisk_grants_the_login_once(talk: Talk, site: Site) -> None:
    _, states = await other_link(site, "acd", "right")
    assert states[0] is LinkState.TAKEN
    _, states = await other_link(site, "other", "wrong")
    assert states[0] is LinkState.REFUSED


async def test_events_and_snapshots_tell_of_the_same_channels(talk: Talk) -> None:
    session = await talk.session(Variable="HL_OFFER=7-12", CallerID="张三 <123>")
    await until(lambda: any(one.stage == "waiting" for one in talk.seen("Newstate")))
    channels = await talk.snapshot()
    ours = channels[session.uniqueid]
    other = next(one for one in channels.values() if one.linkedid == ours.linkedid and one is not ours)
    assert (ours.channel, ours.offer, ours.is_up) == (session.channel, "7-12", True)
    assert (other.contact, other.accountcode, other.stage) == (other.uniqueid, other.uniqueid, "waiting")
    await talk.link.action("Hangup", {"Channel": session.channel})
    await until(lambda: len(talk.seen("Hangup")) == 2)
    ended = {one.uniqueid: one for one in talk.seen("Hangup")}
    assert ended[ours.uniqueid].offer == "7-12"
    assert ended[other.uniqueid].variables == other.variables  # the last event still has them all


async def test_a_refusal_has_asterisks_text(talk: Talk) -> None:
    with pytest.raises(AmiRefused, match="No such channel"):
        await talk.link.action("Hangup", {"Channel": "PJSIP/nobody-1"})


async def test_variables_come_as_they_were_meant(talk: Talk) -> None:
    value = "a b; (x|y) & 张三 $ {z} = ' %"
    session = await talk.session(Variable=f"HL_NEEDS={value}")
    assert await session.get_variable("HL_NEEDS") == value


# ---- AGI ---------------------------------------------------------------------------------------------------


async def test_a_session_knows_its_caller_and_arguments(talk: Talk) -> None:
    session = await talk.session(CallerID="张三 <123>", Account="c-1")
    assert session.args == ("one", "two words")
    assert (session.caller_number, session.caller_name) == ("123", "张三")
    assert session.accountcode == "c-1"


async def test_words_arrive_as_they_were_meant(talk: Talk) -> None:
    session = await talk.session()
    for value in ("", " ", 'a "b" \\c\\', "张三, (x) & ${Y}", "x" * 1_000, "\t"):
        await session.set_variable("X", value)
        assert await session.get_variable("X") == value


async def test_a_value_with_line_ends_is_one_answer(talk: Talk) -> None:
    session = await talk.session()
    assert await session.get_full("${URIDECODE(a%0AHANGUP%0Ab)}") == "a\nHANGUP\nb"
    assert count(talk.registry, "hotline_agi_unexpected_lines_total") == 0
    assert await session.get_full("${URIDECODE(a%29%0A200 result=1 %28forged)}") == "a"
    assert count(talk.registry, "hotline_agi_unexpected_lines_total") == 1
    assert await session.get_full("still in step") == "still in step"


async def test_a_callers_name_with_line_ends_forges_nothing(talk: Talk) -> None:
    session = await talk.session("forged")
    assert session.args == ("one",)
    assert session.caller_name == "x\n"  # what it forged counts as headers, but changes none that matter
    assert session.uniqueid != "forged" and session.uniqueid in await talk.snapshot()


async def test_a_wrong_token_gets_no_session(talk: Talk) -> None:
    await talk.call("wrong")
    await until(lambda: count(talk.registry, "hotline_agi_refused_total", reason="token") == 1)
    assert talk.sessions.empty()


async def test_mistakes_are_told_apart(talk: Talk) -> None:
    session = await talk.session()
    with pytest.raises(AgiFailed):
        await session.stream_file("no-such-sound")
    with pytest.raises(AgiRefused, match="520"):
        await session.command("WAIT", "FOR", "DIGIT")
    with pytest.raises(AgiRefused, match="510"):
        await session.command("BOGUS")
    with pytest.raises(AgiRefused, match="Nope"):
        await session.execute("Nope")
    assert await session.wait_for_digit(20) == ""
    assert await session.stream_file("beep") == ""


async def test_a_hang_up_is_seen_at_once_while_idle_with_music(talk: Talk) -> None:
    session = await talk.session()
    await session.music_on()
    await asyncio.sleep(0.1)
    await talk.link.action("Hangup", {"Channel": session.channel})
    await within(SOON_S, session.closed.wait())
    assert session.hung_up


async def test_a_hang_up_in_a_prompt_and_in_an_application(talk: Talk) -> None:
    for deed in (lambda one: one.stream_file(LONG_SOUND), lambda one: one.execute("Echo")):
        session = await talk.session()
        asked = asyncio.ensure_future(deed(session))
        await asyncio.sleep(0.1)
        await talk.link.action("Hangup", {"Channel": session.channel})
        try:
            reply = await asyncio.wait_for(asked, SOON_S)
            assert reply.result == -1  # an application tells how it ended, and the hang-up follows
        except HungUp:
            pass
        await within(SOON_S, session.closed.wait())
        assert session.hung_up


async def test_a_redirected_channel_leaves_the_session_and_lives(talk: Talk) -> None:
    session = await talk.session()
    await talk.link.action(
        "Redirect", {"Channel": session.channel, "Context": "test", "Exten": "probe", "Priority": "1"}
    )
    await within(SOON_S, session.closed.wait())
    again = await asyncio.wait_for(talk.sessions.get(), SOON_S)  # held back until we have closed
    assert again.uniqueid == session.uniqueid


async def test_a_prompt_is_cut_at_once_and_the_next_command_runs(talk: Talk) -> None:
    session = await talk.session()
    took: list[float] = []
    for pause_s in (0.0, 0.001, 0.05, 0.3):
        playing = asyncio.ensure_future(session.stream_file(LONG_SOUND))
        await asyncio.sleep(pause_s)
        assert session.stop_playing()
        took.append(await within(SOON_S, playing))
        assert await session.get_full("in step ${CHANNEL(state)}") == "in step Up"
    assert min(took) < 0.1
    assert count(talk.registry, "hotline_agi_unexpected_lines_total") == 0


def is_stopped(pid: int) -> bool:
    """Whether every thread of a process stands still. Source: man 5 proc, /proc/PID/task/TID/stat."""
    stats = Path(f"/proc/{pid}/task").glob("*/stat")
    return all(stat.read_text().rpartition(")")[2].split()[0] == "T" for stat in stats)


async def test_a_cut_read_together_with_its_prompt_is_nudged(talk: Talk, site: Site) -> None:
    """Asterisk stopped meanwhile reads both lines at once, and would look at the second one never."""
    session = await talk.session()
    os.kill(site.asterisk.pid, signal.SIGSTOP)
    try:
        await until(lambda: is_stopped(site.asterisk.pid))
        playing = asyncio.ensure_future(session.stream_file(LONG_SOUND))
        await asyncio.sleep(0.02)
        assert session.stop_playing()
        await asyncio.sleep(0.02)
    finally:
        os.kill(site.asterisk.pid, signal.SIGCONT)
    await within(SOON_S, playing)
    assert await session.get_full("in step") == "in step"
    assert count(talk.registry, "hotline_agi_nudges_total") >= 1


async def test_a_cancelled_prompt_gives_way_to_dial(talk: Talk) -> None:
    session = await talk.session()
    playing = asyncio.ensure_future(session.stream_file(LONG_SOUND))
    await asyncio.sleep(0.05)
    session.stop_playing()
    playing.cancel()
    options = DialOptions(
        go_on=True,
        music="default",
        announce_to_agent="beep",
        announce_to_caller="beep",
        subroutine=("agent-leg", "1", "x"),
        before_ringing=("before", "o-1"),
    )
    reply = await session.execute("Dial", "Local/agent@test/n", "5.000", options.text(), timeout_s=10)
    assert reply.result == 0
    assert await session.get_full("${DIALSTATUS}|${HL_STAGE}") == "ANSWER|connected-1-x"
    # The leg's end comes by AMI, in its own time.
    await until(
        lambda: any(one.variables.get(variables.OUTCOME) == "rung-o-1" for one in talk.seen("Hangup"))
    )


async def test_sessions_close_when_we_do_and_the_dialplan_goes_on(talk: Talk) -> None:
    session = await talk.session()
    talk.done.set()
    await until(lambda: session.closed.is_set())

    async def goes_on() -> bool:
        entries: list[Mapping[str, str]] = await talk.link.list_action(
            "CoreShowChannels", complete_event="CoreShowChannelsComplete"
        )
        return any(one["Application"] == "Wait" and one["Uniqueid"] == session.uniqueid for one in entries)

    async with asyncio.timeout(SOON_S):
        while not await goes_on():  # noqa: ASYNC110 (Asterisk tells of it in its list only)
            await asyncio.sleep(0.01)
