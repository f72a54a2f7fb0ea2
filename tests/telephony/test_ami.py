"""The AMI link against a manager interface that behaves badly, over real sockets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from telephony_peers import BANNER, AmiPeer, DeafPeer, Heart, count, until

from telephony.ami import AmiLink, AmiMetrics, AmiTimes, Destination, LinkState
from telephony.errors import AmiLost, AmiRefused, AmiTimedOut, AmiUnavailable, InputRefused

TIMES = AmiTimes(
    connect_s=1.0,
    login_s=0.5,
    booted_s=0.5,
    ping_every_s=5.0,
    pong_within_s=10.0,
    retry_first_s=0.01,
    retry_most_s=0.05,
    taken_retry_s=0.05,
    refused_retry_s=0.1,
)
FROZEN_S = 1.0


class Listener:
    """What a link's owner hears."""

    def __init__(self) -> None:
        self.messages: list[Mapping[str, str]] = []
        self.states: list[LinkState] = []

    def events(self) -> list[str]:
        return [message["Event"] for message in self.messages]


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
async def make_link(
    ami_peer: AmiPeer, listener: Listener, registry: CollectorRegistry
) -> AsyncIterator[Callable[..., AmiLink]]:
    links: list[AmiLink] = []

    def make(**options: Any) -> AmiLink:
        given = {
            "on_message": listener.messages.append,
            "on_state": listener.states.append,
            "metrics": AmiMetrics(registry),
            "times": TIMES,
            "destinations": [Destination("callback", "start")],
            **options,
        }
        link = AmiLink("127.0.0.1", given.pop("port", ami_peer.port), "acd", "secret", **given)
        links.append(link)
        link.start()
        return link

    yield make
    for link in links:
        await link.close()


@pytest.fixture
async def link(make_link: Callable[..., AmiLink]) -> AmiLink:
    made = make_link()
    await until(lambda: made.connected)
    return made


async def answer(peer: AmiPeer, text: str) -> dict[str, str]:
    """Wait for an action and answer it."""
    action = await peer.action()
    peer.send(f"{text}\nActionID: {action['ActionID']}")
    return action


# ---- login ---------------------------------------------------------------------------------------------


async def test_up_comes_after_fully_booted(
    make_link: Callable[..., AmiLink], ami_peer: AmiPeer, listener: Listener
) -> None:
    ami_peer.boots = False
    link = make_link()
    await until(lambda: ami_peer.logins == 1)
    ami_peer.send("Event: Newchannel\nUniqueid: 1.1")
    await asyncio.sleep(0.02)
    assert not link.connected and listener.messages == []
    with pytest.raises(AmiUnavailable):
        await link.action("Ping")
    ami_peer.send("Event: FullyBooted", "Event: Newchannel\nUniqueid: 1.2")
    await until(lambda: link.connected)
    await until(lambda: listener.events() == ["FullyBooted", "Newchannel"])
    assert listener.states == [LinkState.UP] and link.epoch == 1
    assert b"Username: acd\r\n" in ami_peer.raw and b"Secret: secret\r\n" in ami_peer.raw


async def test_an_asterisk_that_never_boots_is_tried_again(
    make_link: Callable[..., AmiLink], ami_peer: AmiPeer, registry: CollectorRegistry
) -> None:
    ami_peer.boots = False
    make_link(times=replace(TIMES, booted_s=0.02))
    await until(lambda: ami_peer.logins >= 2)
    assert count(registry, "hotline_ami_losses_total", reason="not_booted") >= 1


async def test_a_refused_login_is_an_alarm_and_tried_slowly(
    make_link: Callable[..., AmiLink],
    ami_peer: AmiPeer,
    listener: Listener,
    registry: CollectorRegistry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ami_peer.login_answer = "Response: Error\r\nMessage: Authentication failed"
    link = make_link()
    await until(lambda: link.state is LinkState.REFUSED)
    assert count(registry, "hotline_ami_login_refused") == 1
    assert [record.levelno for record in caplog.records if record.message == "ami_login_refused"] == [
        logging.ERROR
    ]
    assert "secret" not in caplog.text
    await asyncio.sleep(0.05)
    assert ami_peer.logins == 1  # refused_retry_s, not retry_most_s
    ami_peer.login_answer = "Response: Success"
    await until(lambda: link.connected)
    assert listener.states == [LinkState.REFUSED, LinkState.UP]
    assert count(registry, "hotline_ami_login_refused") == 0


async def test_a_standby_waits_for_the_login_to_be_free(
    make_link: Callable[..., AmiLink], ami_peer: AmiPeer, listener: Listener, registry: CollectorRegistry
) -> None:
    ami_peer.login_answer = "Response: Error\r\nMessage: Login Already In Use"
    link = make_link()
    await until(lambda: ami_peer.logins >= 3)
    assert link.state is LinkState.TAKEN
    assert count(registry, "hotline_ami_login_refused") == 0
    ami_peer.login_answer = "Response: Success"
    await until(lambda: link.connected)
    assert listener.states == [LinkState.TAKEN, LinkState.UP]


async def test_an_unanswered_login_is_tried_again(
    make_link: Callable[..., AmiLink], registry: CollectorRegistry
) -> None:
    deaf = DeafPeer()
    try:
        link = make_link(port=deaf.port, times=replace(TIMES, login_s=0.02))
        await until(lambda: count(registry, "hotline_ami_losses_total", reason="unanswered") >= 2)
        assert not link.connected
    finally:
        deaf.close()


async def test_nobody_there_is_tried_again(
    make_link: Callable[..., AmiLink], ami_peer: AmiPeer, registry: CollectorRegistry
) -> None:
    await ami_peer.stop()
    link = make_link()
    await until(lambda: count(registry, "hotline_ami_losses_total", reason="unreachable") >= 3)
    await ami_peer.start()
    await until(lambda: link.connected)


@pytest.mark.parametrize(
    "banner", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff" * 1000, b"Asterisk Call Ma" * 99]
)
async def test_what_is_no_manager_interface_is_left_alone(
    make_link: Callable[..., AmiLink], ami_peer: AmiPeer, registry: CollectorRegistry, banner: bytes
) -> None:
    ami_peer.banner = banner
    link = make_link()
    await until(lambda: count(registry, "hotline_ami_losses_total", reason="garbled") >= 2)
    assert not link.connected
    ami_peer.banner = BANNER
    await until(lambda: link.connected)


def test_a_hostile_secret_is_refused_at_once() -> None:
    with pytest.raises(InputRefused):
        AmiLink("127.0.0.1", 1, "acd", "a\r\nb", on_message=print, on_state=print)


# ---- actions -------------------------------------------------------------------------------------------


async def test_an_action_and_its_answer(link: AmiLink, ami_peer: AmiPeer) -> None:
    asked = asyncio.ensure_future(link.action("Getvar", {"Channel": "PJSIP/a-1", "Variable": "X"}))
    action = await answer(ami_peer, "Response: Success\nVariable: X\nValue: 张三")
    assert (action["Action"], action["Channel"], action["Variable"]) == ("Getvar", "PJSIP/a-1", "X")
    reply = await asked
    assert reply.fields["Value"] == "张三"
    assert (reply.action_id, reply.epoch) == (action["ActionID"], 1)


async def test_answers_are_matched_by_id_not_by_order(link: AmiLink, ami_peer: AmiPeer) -> None:
    asked = [asyncio.ensure_future(link.action("Getvar", {"Variable": str(n)})) for n in range(5)]
    actions = [await ami_peer.action() for _ in asked]
    for action in reversed(actions):
        ami_peer.send(f"Response: Success\nValue: {action['Variable']}\nActionID: {action['ActionID']}")
    assert [(await one).fields["Value"] for one in asked] == ["0", "1", "2", "3", "4"]


async def test_a_refusal_raises_with_asterisks_text(
    link: AmiLink, ami_peer: AmiPeer, registry: CollectorRegistry
) -> None:
    asked = asyncio.ensure_future(link.action("Hangup", {"Channel": "PJSIP/a-1"}))
    await answer(ami_peer, "Response: Error\nMessage: No such channel")
    with pytest.raises(AmiRefused, match="No such channel"):
        await asked
    assert count(registry, "hotline_ami_actions_total", outcome="refused") == 1


async def test_an_unanswered_action_times_out_and_is_never_sent_again(
    link: AmiLink, ami_peer: AmiPeer, listener: Listener, registry: CollectorRegistry
) -> None:
    """panoramisk sent one unanswered Originate seven times in 6.5 s."""
    with pytest.raises(AmiTimedOut):
        await link.action("Hangup", {"Channel": "PJSIP/a-1"}, timeout_s=0.03)
    for _ in range(3):
        epoch = link.epoch
        ami_peer.drop()
        await until(lambda: link.epoch > epoch and link.connected)  # noqa: B023
    assert ami_peer.raw.count(b"Action: Hangup") == 1
    assert count(registry, "hotline_ami_actions_total", outcome="timed_out") == 1


async def test_a_late_answer_is_dropped(link: AmiLink, ami_peer: AmiPeer, listener: Listener) -> None:
    with pytest.raises(AmiTimedOut):
        await link.action("Getvar", {"Variable": "A"}, timeout_s=0.03)
    late = await ami_peer.action()
    asked = asyncio.ensure_future(link.action("Getvar", {"Variable": "B"}))
    ami_peer.send(f"Response: Success\nValue: late\nActionID: {late['ActionID']}")
    await answer(ami_peer, "Response: Success\nValue: b")
    assert (await asked).fields["Value"] == "b"
    assert listener.events() == ["FullyBooted"]


async def test_a_cancelled_actions_answer_is_dropped(link: AmiLink, ami_peer: AmiPeer) -> None:
    asked = asyncio.ensure_future(link.action("Getvar", {"Variable": "A"}))
    action = await ami_peer.action()
    asked.cancel()
    await asyncio.wait({asked})
    ami_peer.send(f"Response: Success\nActionID: {action['ActionID']}")
    again = asyncio.ensure_future(link.action("Getvar", {"Variable": "B"}))
    await answer(ami_peer, "Response: Success\nValue: b")
    assert (await again).fields["Value"] == "b"


async def test_a_lost_link_fails_what_was_asked_and_nothing_passes_on(
    link: AmiLink, ami_peer: AmiPeer, listener: Listener
) -> None:
    asked = asyncio.ensure_future(link.action("Getvar", {"Variable": "A"}, timeout_s=30))
    old = await ami_peer.action()
    ami_peer.drop()
    with pytest.raises(AmiLost):
        await asked
    await until(lambda: link.connected)
    assert link.epoch == 2
    assert listener.states == [LinkState.UP, LinkState.DOWN, LinkState.UP]
    again = asyncio.ensure_future(link.action("Getvar", {"Variable": "B"}))
    ami_peer.send(f"Response: Success\nValue: of-the-old-link\nActionID: {old['ActionID']}")
    await answer(ami_peer, "Response: Success\nValue: b")
    assert (await again).fields["Value"] == "b"


async def test_an_originate_is_checked_and_answered_at_once(
    link: AmiLink, ami_peer: AmiPeer, listener: Listener
) -> None:
    fields = [("Channel", "PJSIP/a"), ("Context", "callback"), ("Exten", "start"), ("Priority", "1")]
    fields += [("Variable", "A=1"), ("Variable", "B=2")]
    asked = asyncio.ensure_future(link.action("Originate", fields))
    action = await answer(ami_peer, "Response: Success\nMessage: Originate successfully queued")
    assert action["Async"] == "true"
    assert b"Variable: A=1\r\nVariable: B=2\r\n" in ami_peer.raw
    assert (await asked).message == "Originate successfully queued"
    ami_peer.send(f"Event: OriginateResponse\nResponse: Failure\nActionID: {action['ActionID']}")
    await until(lambda: "OriginateResponse" in listener.events())
    with pytest.raises(InputRefused):
        await link.action("Originate", [*fields, ("Application", "System")])


async def test_a_list_is_complete_with_its_event(
    link: AmiLink, ami_peer: AmiPeer, listener: Listener
) -> None:
    asked = asyncio.ensure_future(
        link.list_action("CoreShowChannels", complete_event="CoreShowChannelsComplete")
    )
    action = await answer(ami_peer, "Response: Success\nEventList: start\nMessage: Channels will follow")
    tail = f"\nActionID: {action['ActionID']}"
    ami_peer.send(f"Event: CoreShowChannel\nUniqueid: 1.1{tail}")
    ami_peer.send("Event: Newchannel\nUniqueid: 1.9")  # happens meanwhile, and is no part of the list
    ami_peer.send(f"Event: CoreShowChannel\nUniqueid: 1.2\nResponse: Success{tail}")
    ami_peer.send(f"Event: CoreShowChannelsComplete\nListItems: 2{tail}")
    assert [entry["Uniqueid"] for entry in await asked] == ["1.1", "1.2"]
    assert listener.events() == ["FullyBooted", "Newchannel"]


async def test_a_refused_list_raises(link: AmiLink, ami_peer: AmiPeer) -> None:
    """panoramisk waits for ever here."""
    asked = asyncio.ensure_future(link.list_action("Status", complete_event="StatusComplete"))
    await answer(ami_peer, "Response: Error\nMessage: Permission denied")
    with pytest.raises(AmiRefused):
        await asked


async def test_the_rest_of_a_late_list_is_dropped(
    link: AmiLink, ami_peer: AmiPeer, listener: Listener, registry: CollectorRegistry
) -> None:
    asked = asyncio.ensure_future(link.list_action("Status", complete_event="StatusComplete", timeout_s=0.05))
    action = await answer(ami_peer, "Response: Success")
    with pytest.raises(AmiTimedOut):
        await asked
    ami_peer.send(f"Event: Status\nActionID: {action['ActionID']}", "Event: Hangup\nUniqueid: 1.1")
    await until(lambda: "Hangup" in listener.events())
    assert listener.events() == ["FullyBooted", "Hangup"]
    assert count(registry, "hotline_ami_dropped_total", reason="late") == 1


# ---- the link --------------------------------------------------------------------------------------------


async def test_a_half_open_link_is_found_by_its_missing_pong(
    make_link: Callable[..., AmiLink], ami_peer: AmiPeer, listener: Listener, registry: CollectorRegistry
) -> None:
    link = make_link(times=replace(TIMES, ping_every_s=0.02, pong_within_s=1.0))
    await until(lambda: ami_peer.pings >= 3)
    assert link.epoch == 1
    ami_peer.answers_pings = False
    await until(lambda: link.epoch >= 2)
    assert count(registry, "hotline_ami_losses_total", reason="unanswered") >= 1
    for reason in ("end_of_file", "reset"):  # a loss is told once
        assert count(registry, "hotline_ami_losses_total", reason=reason) == 0
    assert listener.states[:2] == [LinkState.UP, LinkState.DOWN]


@pytest.mark.parametrize("steady_after_s", [0.0, 60.0])
async def test_pauses_grow_until_the_link_was_steady(
    make_link: Callable[..., AmiLink], ami_peer: AmiPeer, steady_after_s: float
) -> None:
    clock = asyncio.get_running_loop().time
    times = replace(TIMES, retry_first_s=0.01, retry_most_s=60.0, steady_after_s=steady_after_s)
    link = make_link(times=times)
    await until(lambda: link.connected)
    began = clock()
    for epoch in range(1, 7 if steady_after_s else 13):
        ami_peer.drop()
        await until(lambda: link.epoch > epoch and link.connected)  # noqa: B023
    if steady_after_s:
        assert clock() - began >= 0.01 * (1 + 1 + 2 + 4 + 8 + 16)  # at least half of 10, 20, 40 … ms
    # else every pause was the shortest: the twelfth of growing ones would last 10 s or more


async def test_asterisks_shutdown_ends_the_link_at_once(
    link: AmiLink, ami_peer: AmiPeer, listener: Listener, registry: CollectorRegistry
) -> None:
    ami_peer.send("Event: Shutdown\nShutdown: Cleanly\nRestart: False")
    await until(lambda: LinkState.DOWN in listener.states)
    assert count(registry, "hotline_ami_losses_total", reason="shutdown") == 1
    await until(lambda: link.connected)


async def test_a_callback_that_raises_costs_one_message(
    make_link: Callable[..., AmiLink], ami_peer: AmiPeer, registry: CollectorRegistry
) -> None:
    heard: list[str] = []

    def stumble(message: Mapping[str, str]) -> None:
        heard.append(message["Event"])
        raise RuntimeError("a mistake of ours")

    def stumble_too(state: LinkState) -> None:
        raise RuntimeError("another")

    link = make_link(on_message=stumble, on_state=stumble_too)
    await until(lambda: link.connected)
    ami_peer.send("Event: A", "Event: B")
    await until(lambda: heard == ["FullyBooted", "A", "B"])
    assert link.connected and link.epoch == 1
    assert count(registry, "hotline_ami_callback_failures_total") == 4


async def test_a_chinese_name_cut_between_two_segments_stays_whole(
    link: AmiLink, ami_peer: AmiPeer, listener: Listener
) -> None:
    """panoramisk decodes each segment by itself, and loses the character."""
    message = "Event: Newchannel\r\nCallerIDName: 张三丰\r\nUniqueid: 1.1\r\n\r\n".encode()
    for byte in message:
        ami_peer.send_bytes(bytes([byte]))
        await asyncio.sleep(0.001)
    await until(lambda: "Newchannel" in listener.events())
    assert listener.messages[-1]["CallerIDName"] == "张三丰"


async def test_a_short_message_right_behind_a_long_one_is_not_overlooked(
    link: AmiLink, ami_peer: AmiPeer, listener: Listener
) -> None:
    ami_peer.send_bytes(b"Event: A\r\n" + b"ChanVariable: x\r\n" * 100)
    await asyncio.sleep(0.02)
    ami_peer.send_bytes(b"\r\nEvent: B\r\n\r\n")
    await until(lambda: listener.events() == ["FullyBooted", "A", "B"])


async def test_only_wanted_events_are_read(
    make_link: Callable[..., AmiLink], ami_peer: AmiPeer, listener: Listener, registry: CollectorRegistry
) -> None:
    link = make_link(wanted={"Hangup"})
    await until(lambda: link.connected)
    asked = asyncio.ensure_future(link.list_action("Status", complete_event="StatusComplete"))
    action = await answer(ami_peer, "Response: Success")
    tail = f"\nActionID: {action['ActionID']}"
    ami_peer.send("Event: VarSet\nVariable: X", "Event: Hangup\nUniqueid: 1.1", "Event: HangupRequest")
    ami_peer.send(f"Event: Status{tail}", f"Event: StatusComplete{tail}")
    assert len(await asked) == 1
    assert listener.events() == ["FullyBooted", "Hangup"]
    assert count(registry, "hotline_ami_dropped_total", reason="unwanted") == 2


async def test_garbage_costs_one_message(
    link: AmiLink, ami_peer: AmiPeer, listener: Listener, registry: CollectorRegistry
) -> None:
    ami_peer.send_bytes(b"\xff\xfe\x00\r\n\r\n")
    ami_peer.send("no header at all", "Event: A\nActionID: x\nActionID: y")
    ami_peer.send("Event: Shutdown\nEvent: Shutdown", "Event: B")
    await until(lambda: "B" in listener.events())
    assert link.epoch == 1
    assert count(registry, "hotline_ami_dropped_total", reason="garbled") == 2
    assert count(registry, "hotline_ami_dropped_total", reason="failed") == 1
    assert count(registry, "hotline_ami_dropped_total", reason="tampered") == 1


async def test_a_message_without_end_ends_the_link(
    link: AmiLink, ami_peer: AmiPeer, registry: CollectorRegistry
) -> None:
    ami_peer.send_bytes(b"Event: Endless\r\n" + b"Header: x\r\n" * 40_000)
    await until(lambda: count(registry, "hotline_ami_losses_total", reason="garbled") == 1)
    await until(lambda: link.connected)


async def test_a_storm_of_events_lets_the_loop_keep_its_pace(
    link: AmiLink, ami_peer: AmiPeer, listener: Listener
) -> None:
    event = "Event: Newstate\r\nChannel: PJSIP/a-1\r\n" + "ChanVariable: x\r\n" * 20 + "\r\n"
    async with Heart().beating() as heart:
        beats = heart.beats
        for _ in range(20):
            ami_peer.send_bytes(event.encode() * 500)
            await asyncio.sleep(0)
        await until(lambda: len(listener.messages) == 10_001)
        assert heart.beats - beats > 3  # the storm was taken in pieces
    assert heart.worst_s < FROZEN_S


async def test_an_asterisk_that_reads_nothing_is_not_written_to_without_end(
    make_link: Callable[..., AmiLink], ami_peer: AmiPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from telephony import ami_connection
    from telephony.errors import AmiOverloaded

    monkeypatch.setattr(ami_connection, "MOST_ACTIONS", 10)
    link = make_link()
    await until(lambda: link.connected)
    asked = [asyncio.ensure_future(link.action("Status", timeout_s=0.2)) for _ in range(15)]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [AmiTimedOut] * 10 + [AmiOverloaded] * 5
    monkeypatch.setattr(ami_connection, "MOST_UNSENT", -1)
    with pytest.raises(AmiOverloaded):
        await link.action("Status")


async def test_a_list_has_a_bound(link: AmiLink, ami_peer: AmiPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    from telephony import ami_connection
    from telephony.errors import AmiOverloaded

    monkeypatch.setattr(ami_connection, "MOST_LISTED", 10)
    asked = asyncio.ensure_future(link.list_action("Status", complete_event="StatusComplete"))
    action = await answer(ami_peer, "Response: Success")
    ami_peer.send(*(f"Event: Status\nActionID: {action['ActionID']}" for _ in range(20)))
    with pytest.raises(AmiOverloaded):
        await asked


async def test_close_fails_what_is_under_way_and_says_down(
    link: AmiLink, ami_peer: AmiPeer, listener: Listener
) -> None:
    asked = asyncio.ensure_future(link.action("Status", timeout_s=30))
    await ami_peer.action()
    await link.close()
    with pytest.raises(AmiLost):
        await asked
    assert listener.states == [LinkState.UP, LinkState.DOWN]
    with pytest.raises(AmiUnavailable):
        await link.action("Status")
    logins = ami_peer.logins
    await asyncio.sleep(0.1)
    assert ami_peer.logins == logins


async def test_an_event_with_a_header_of_a_callers_making_is_dropped(
    make_link: Callable[..., AmiLink], ami_peer: AmiPeer, listener: Listener, registry: CollectorRegistry
) -> None:
    link = make_link()
    await until(lambda: link.connected)
    ami_peer.send(
        "Event: Hangup\nCallerIDNum: 1\nUniqueid: 2.2\nUniqueid: 1.1", "Event: Hangup\nUniqueid: 1.2"
    )
    await until(lambda: "Hangup" in listener.events())
    assert [message["Uniqueid"] for message in listener.messages if message["Event"] == "Hangup"] == ["1.2"]
    dropped = count(registry, "hotline_ami_dropped_total", reason="tampered")
    assert dropped == 1
