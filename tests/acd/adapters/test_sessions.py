"""Where a waiting caller waits, whom it prefers, what is said meanwhile, and where it is sent on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from acd.adapters.queue_arguments import QueueArguments
from acd.adapters.sessions import CallerSession, destination_of, preferences, queue_of
from acd.core.commands import OfferCall
from acd.core.events import CallWithdrawn, Event
from acd.core.expected_wait import Promise
from hotline.core.settings import Number, Outgoing, Queue, Settings, Team, Text


def test_who_waits_in_a_queue_that_the_settings_no_longer_name_waits_on() -> None:
    queue = Queue("service", Text("业务", "Service"), music="calm")
    settings = Settings(1, queues=(queue,))
    assert queue_of(settings, "service", "") is queue
    assert queue_of(settings, "gone", "gone").name == "gone"
    with pytest.raises(ValueError, match="'gone'"):
        queue_of(settings, "gone", "service")


@pytest.mark.parametrize(
    ("brought", "agents", "teams"),
    [
        ((), ("1001", "1002"), ("vip",)),
        (("1003",), ("1003",), ()),
        (("keys", "1002"), ("1002", "1003"), ("keys",)),
        (("gone",), ("gone",), ("gone",)),  # settings have changed since: nobody of that name is waited for
    ],
)
def test_what_a_caller_brings_counts_before_the_queue_s_preference(
    brought: tuple[str, ...], agents: tuple[str, ...], teams: tuple[str, ...]
) -> None:
    settings = Settings(1, teams=(Team("vip", ("1001", "1002")), Team("keys", ("1002", "1003"))))
    queue = Queue("service", Text("业务", "Service"), prefer=("vip",))
    assert preferences(settings, queue, brought) == (agents, teams)


@pytest.mark.parametrize(
    ("to", "leads_to"),
    [
        ("queue:a", "queue:a"),
        ("number:4001", "flow:main"),
        ("number:4002", "queue:b"),
        ("number:4009", "hangup"),
        ("voicemail", "voicemail"),
    ],
)
def test_a_number_of_ours_is_the_flow_or_queue_behind_it(to: str, leads_to: str) -> None:
    numbers = (Number("4001", flow="main"), Number("4002", direct_queue="b"))
    assert destination_of(Settings(1, numbers=numbers), to) == leads_to


@pytest.mark.parametrize(("trunk", "leads_to"), [("carrier", "outside:13912345678"), ("", "voicemail")])
def test_outside_is_a_voice_message_once_the_settings_have_no_trunk(trunk: str, leads_to: str) -> None:
    settings = Settings(1, outgoing=Outgoing(trunk=trunk, presented="4001"))
    assert destination_of(settings, "outside:13912345678") == leads_to


PRESSED, LEFT_TO, OFFER = "9", "voicemail", OfferCall("c1", "1-1", "1001", "p1001", "service", 15_000)


class Line:
    """The caller's channel and the engine around one waiting caller, as far as announcements need them.

    A prompt is said until the test ends it (`said`) or the session cuts it; keys are pressed only then.
    """

    def __init__(self) -> None:
        title = Text("业务", "Service")
        queue = Queue(
            "service",
            title,
            leave_key=PRESSED,
            leave_to=LEFT_TO,
            announce_position_s=0.01,  # type: ignore[arg-type]  (sooner than settings let it)
            announce_wait=True,
        )
        self.done: list[tuple[str, ...]] = []
        self.told: list[Event] = []
        self.prompt: asyncio.Future[str] | None = None
        self.began = asyncio.Event()
        self.closed = asyncio.Event()
        self.on_end: Callable[[], None] = lambda: None
        self.clock = SimpleNamespace(now_ms=lambda: 1_000)
        self.picture = SimpleNamespace(
            entries={},
            contacts={},
            last_agent=lambda contact: "",
            place_kept=lambda contact, queue, now_ms: 0,
        )
        self.distributor = SimpleNamespace(position=lambda contact: 2)
        arguments = QueueArguments.parse(("c1", "service", "1", "500", *[""] * 9))
        self.caller = CallerSession(
            self,  # type: ignore[arg-type]
            self,  # type: ignore[arg-type]
            self,  # type: ignore[arg-type]
            Settings(1, queues=(queue,)),
            arguments,
        )

    # ---- the channel

    async def stream_file(self, name: str, keys: str = "") -> str:
        self.done.append(("says", name, keys))
        self.prompt = asyncio.get_running_loop().create_future()
        self.began.set()
        return await asyncio.shield(self.prompt)

    def stop_playing(self) -> None:
        if self.prompt is not None and not self.prompt.done():
            self.done.append(("cut",))
            self.prompt.set_result("")

    async def wait_for_digit(self, timeout_ms: int, *, cuttable: bool = False) -> str:
        await asyncio.sleep(timeout_ms / 1000)
        return ""

    async def execute(self, application: str, *arguments: str) -> None:
        self.done.append((application,))
        if application == "Dial":
            self.caller.note_connected(OFFER.offer)

    async def set_variable(self, name: str, value: str) -> None:
        self.done.append((name, value))

    async def music_on(self, music: str) -> None:
        self.done.append(("music",))

    async def answer(self) -> None:
        self.done.append(("answer",))

    # ---- the engine and the forecaster

    def attach(self, contact: str, taker: object) -> None:
        pass

    def detach(self, contact: str, taker: object) -> bool:
        return False

    def handle(self, event: Event) -> None:
        self.told.append(event)

    async def promise(self, contact: str) -> Promise:
        return Promise(61_000, 121_000, agents=3, position=2)

    # ---- what a test does

    @asynccontextmanager
    async def announcing(self) -> AsyncIterator[asyncio.Future[str]]:
        """The caller waits, and the place in line is being said; afterwards the session must be over."""
        async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
            tasks.create_task(self.caller.run())
            await self.began.wait()
            assert self.prompt is not None
            yield self.prompt

    async def next_prompt(self) -> None:
        """The prompt has been said to its end without a key; another one begins."""
        assert self.prompt is not None
        self.began.clear()
        self.prompt.set_result("")
        await self.began.wait()

    def after_the_prompt(self) -> list[tuple[str, ...]]:
        first = ("says", "hotline/position-2", PRESSED)
        return self.done[self.done.index(first) + 1 :]


async def test_the_key_to_leave_is_heard_while_a_prompt_is_said() -> None:
    line = Line()
    async with line.announcing() as prompt:
        prompt.set_result(PRESSED)
    assert line.after_the_prompt() == [("answer",), ("HL_NEXT", LEFT_TO)], "nothing more is said, no music"
    assert line.told[1:] == [CallWithdrawn("c1", LEFT_TO, 1)]


async def test_without_a_key_the_rest_is_said_and_the_music_goes_on() -> None:
    line = Line()
    async with line.announcing():
        for _ in range(3):
            await line.next_prompt()
        assert line.prompt is not None
        line.prompt.set_result(PRESSED)
    assert line.after_the_prompt() == [
        ("says", "hotline/wait-from-1", PRESSED),
        ("says", "hotline/wait-to-2", PRESSED),
        ("music",),
        ("says", "hotline/position-2", PRESSED),
        ("answer",),
        ("HL_NEXT", LEFT_TO),
    ]


async def test_an_offer_cuts_a_prompt_short() -> None:
    line = Line()
    async with line.announcing():
        line.caller.take_order(OFFER)
    assert line.after_the_prompt() == [("cut",), ("Dial",)], "the agent's phone rings at once"


async def test_an_offer_counts_before_the_key_of_the_same_moment() -> None:
    line = Line()
    async with line.announcing() as prompt:
        prompt.set_result(PRESSED)
        line.caller.take_order(OFFER)
    assert line.after_the_prompt() == [("Dial",)]
    assert not [event for event in line.told if isinstance(event, CallWithdrawn)]
