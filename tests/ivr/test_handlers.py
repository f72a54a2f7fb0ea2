"""The applications of ivr against a scripted call: what is said, which variables stand, which facts stay."""

from __future__ import annotations

import asyncio
import time
import wave
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from hotline.core.settings import Choice, Flow, Hotline, Hours, Menu, Number, Queue, Settings, Text
from hotline.journal import JournalWriter, read_journal
from ivr.adapters.messages import VoiceMessages
from ivr.handlers import Handlers, IvrMetrics
from ivr.session import MOST_TYPED_AHEAD
from telephony.errors import AgiFailed, HungUp

CLOSED = ((),) * 7
MENU = Menu(
    "subject",
    "menu-subject",
    (
        Choice("1", "queue:service", needs="zh"),
        Choice("2", "voicemail"),
        Choice("3", "menu:subject", language="en"),
    ),
    timeout_s=2.0,
    tries=2,
)
SETTINGS = Settings(
    version=4,
    hotline=Hotline(voice_message_max_s=60),
    queues=(
        Queue("service", Text("咨询", "Service"), needs="service", priority=5),
        Queue("quiet", Text("静", "Quiet"), survey=False),
    ),
    flows=(
        Flow("main", "menu:subject", menus=(MENU,)),
        Flow("night", "menu:subject", hours="never", menus=(MENU,)),
    ),
    numbers=(Number("4001", "main"), Number("4003", "night"), Number("4002", direct_queue="service")),
    hours=(Hours("never", CLOSED),),
)


class ScriptedCall:
    """A session whose caller does what the script says.

    script: prompt or "wait" or "record" -> what happens then: a digit, "hangup", "cut" (our side ends), a
    number of milliseconds recorded, with a trailing "!" followed by a hang-up.
    """

    def __init__(self, *args: str, script: dict[str, list[str]] | None = None, **variables: str) -> None:
        self.args = args
        self.hung_up = False
        self.closed = asyncio.Event()
        self.variables = variables
        self.said: list[str] = []
        self.order: list[str] = []
        self._script = script or {}

    def _happens(self, what: str) -> str:
        if self.closed.is_set():
            raise HungUp("over")
        happening = (self._script.get(what) or [""]).pop(0)
        if happening in ("hangup", "cut"):
            self.hung_up = happening == "hangup"
            self.closed.set()
            raise HungUp(what)
        if happening == "missing":
            raise AgiFailed(what)
        return happening

    async def answer(self) -> None:
        self._happens("answer")

    async def get_variable(self, name: str) -> str:
        self._happens(name)
        return self.variables.get(name, "")

    async def set_variable(self, name: str, value: str) -> None:
        self._happens(name)
        self.variables[name] = value
        self.order.append(name)

    async def stream_from(self, name: str, escape_digits: str, sample: int) -> tuple[str, int]:
        self.said.append(name.removeprefix("hotline/") + (f" from {sample}" if sample else ""))
        digit = self._happens(name.removeprefix("hotline/"))
        return (digit, sample + 800) if digit and digit in escape_digits else ("", sample + 8000)

    async def wait_for_digit(self, timeout_ms: int) -> str:
        self.said.append(f"wait {timeout_ms}")
        return self._happens("wait")

    async def record_file(
        self, path: str, file_format: str, escape_digits: str, timeout_ms: int, silence_s: int = 0
    ) -> str:
        self.said.append(f"record {timeout_ms}")
        happening = self._happens("record")
        with wave.open(f"{path}.{file_format}", "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", ""))
            sound.writeframes(b"\x01\x00" * (8 * int(happening.rstrip("!") or 0)))
        if happening.endswith("!"):
            self.hung_up = True
            self.closed.set()
            raise HungUp("record")
        return ""


class House:
    def __init__(self, folder: Path) -> None:
        self.settings = SETTINGS
        self.folder = folder
        self.journal = JournalWriter(folder / "journal", "ivr")
        self.registry = CollectorRegistry()
        self.messages = VoiceMessages(folder / "voice-messages", settle_s=0.1, orphan_quiet_s=0.0)
        self.handlers = Handlers(
            lambda: self.settings, self.journal, self.messages, IvrMetrics(self.registry)
        )

    def facts(self) -> list[tuple[str, dict[str, Any]]]:
        return [(line.kind, line.body) for _, line in read_journal(self.folder / "journal")]

    def ids(self) -> list[str]:
        return [line.fact_id for _, line in read_journal(self.folder / "journal")]

    def count(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"hotline_ivr_{name}", labels) or 0.0


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.journal.close()


# ---- the flow -------------------------------------------------------------------------------------------


async def test_a_caller_who_chooses_is_sent_to_the_queue(house: House) -> None:
    call = ScriptedCall("c1", "4001", "arrived", "", script={"wait": ["1"]})
    await house.handlers.contact(call)
    assert call.said == ["greeting", "recorded-notice", "menu-subject", "wait 2000"]
    wait_since = call.variables.pop("HL_WAIT_SINCE")
    assert wait_since.isdigit() and len(wait_since) == 13
    assert call.variables == {
        "CHANNEL(language)": "zh",
        "HL_LANG": "zh",
        "HL_STAGE": "flow",
        "HL_QUEUE": "service",
        "HL_NEEDS": "zh",
        "HL_PREFER": "",
        "HL_PRIORITY": "5",
        "HL_OUTCOME": "queued",
        "HL_NEXT": "queue",
    }
    assert call.order[-1] == "HL_NEXT"  # the mark of a clean end comes last
    assert [kind for kind, _ in house.facts()] == ["FlowStarted", "MenuChosen", "FlowEnded"]
    assert len(set(house.ids())) == 3
    assert house.count("flows_total", outcome="queued") == 1


async def test_a_wait_that_began_earlier_keeps_its_beginning(house: House) -> None:
    call = ScriptedCall("c1", "4001", "flow", "", script={"wait": ["1"]}, HL_WAIT_SINCE="1795287640123")
    await house.handlers.contact(call)
    assert call.variables["HL_WAIT_SINCE"] == "1795287640123"


async def test_a_digit_during_the_greeting_answers_the_menu(house: House) -> None:
    call = ScriptedCall("c1", "4001", "arrived", "", script={"greeting": ["1"]})
    await house.handlers.contact(call)
    assert call.said == ["greeting", "recorded-notice"]
    assert call.variables["HL_NEXT"] == "queue"


async def test_a_digit_does_not_cut_the_recording_notice_but_counts(house: House) -> None:
    call = ScriptedCall("c1", "4001", "arrived", "", script={"recorded-notice": ["1"]})
    await house.handlers.contact(call)
    assert call.said == ["greeting", "recorded-notice", "recorded-notice from 800"]
    assert call.variables["HL_QUEUE"] == "service"


async def test_all_digits_typed_ahead_answer_the_menus_in_order(house: House) -> None:
    script = {"greeting": ["3"], "recorded-notice": ["3", "1", "7"]}
    call = ScriptedCall("c1", "4001", "arrived", "", script=script)
    await house.handlers.contact(call)
    assert call.said[1:] == ["recorded-notice", *(f"recorded-notice from {n}" for n in (800, 1600, 2400))]
    digits = [body["digit"] for kind, body in house.facts() if kind == "MenuChosen"]
    assert digits == ["3", "3", "1"]  # the 7 belongs to no question


async def test_digits_behind_a_wrong_one_are_forgotten(house: House) -> None:
    script = {"greeting": ["9"], "recorded-notice": ["1"], "wait": ["2"]}
    call = ScriptedCall("c1", "4001", "arrived", "", script=script)
    await house.handlers.contact(call)
    assert call.said[-3:] == ["invalid-choice", "menu-subject", "wait 2000"]
    assert call.variables["HL_NEXT"] == "voicemail"


async def test_a_caller_who_leans_on_a_key_hears_the_notice_to_its_end(house: House) -> None:
    script = {"recorded-notice": ["3"] * 500, "wait": ["1"]}
    call = ScriptedCall("c1", "4001", "arrived", "", script=script)
    await house.handlers.contact(call)
    notice = [said for said in call.said if said.startswith("recorded-notice")]
    assert len(notice) == MOST_TYPED_AHEAD + 1
    assert [kind for kind, _ in house.facts()].count("MenuChosen") == MOST_TYPED_AHEAD + 1


async def test_a_digit_before_does_not_hide_that_we_are_closed(house: House) -> None:
    call = ScriptedCall("c1", "4003", "arrived", "", script={"greeting": ["1"]})
    await house.handlers.contact(call)
    assert call.said == ["greeting", "recorded-notice", "closed-never"]


async def test_a_digit_cuts_the_menu_and_no_more_is_said(house: House) -> None:
    call = ScriptedCall("c1", "4001", "arrived", "", script={"wait": ["7"], "invalid-choice": ["1"]})
    await house.handlers.contact(call)
    assert call.said == ["greeting", "recorded-notice", "menu-subject", "wait 2000", "invalid-choice"]
    assert call.variables["HL_QUEUE"] == "service"


async def test_the_language_chosen_is_spoken_from_then_on(house: House) -> None:
    call = ScriptedCall("c1", "4001", "arrived", "", script={"wait": ["3", "1"]})
    await house.handlers.contact(call)
    assert (call.variables["HL_LANG"], call.variables["CHANNEL(language)"]) == ("en", "en")


async def test_a_transferred_caller_keeps_the_language(house: House) -> None:
    call = ScriptedCall("c1", "4001", "flow", "", script={"wait": ["1"]}, HL_LANG="en")
    await house.handlers.contact(call)
    assert call.variables["CHANNEL(language)"] == "en"


async def test_after_our_death_the_caller_is_asked_without_a_greeting(house: House) -> None:
    call = ScriptedCall(
        "c1", "4001", "flow", "1795287640", script={"wait": ["1"]}, HL_LOST_SINCE="1795287640"
    )
    await house.handlers.contact(call)
    assert call.order[0] == "HL_LOST_SINCE"
    assert call.variables["HL_LOST_SINCE"] == ""
    assert call.said[0] == "recorded-notice"
    assert house.facts()[0][1]["resumed"] is True


async def test_a_message_asked_for_again_stops_the_clock_towards_the_fallback(house: House) -> None:
    call = ScriptedCall("c1", "1795287640", script={"record": ["2000"]}, HL_LOST_SINCE="1795287640")
    await house.handlers.voicemail(call)
    assert call.order[0] == "HL_LOST_SINCE"
    assert call.variables["HL_LOST_SINCE"] == ""


async def test_out_of_hours_leads_to_voicemail_as_closed(house: House) -> None:
    call = ScriptedCall("c1", "4003", "arrived", "")
    await house.handlers.contact(call)
    assert call.said == ["greeting", "recorded-notice", "closed-never"]
    assert (call.variables["HL_NEXT"], call.variables["HL_OUTCOME"]) == ("voicemail", "closed")
    assert [kind for kind, _ in house.facts()] == ["FlowStarted", "CallerClosed", "FlowEnded"]


@pytest.mark.parametrize(
    "moment", ["answer", "greeting", "recorded-notice", "menu-subject", "wait", "HL_QUEUE"]
)
async def test_a_hang_up_at_any_moment_ends_cleanly(house: House, moment: str) -> None:
    script = {"wait": ["1"]} | {moment: ["hangup"]}
    call = ScriptedCall("c1", "4001", "arrived", "", script=script)
    await house.handlers.contact(call)
    assert call.variables["HL_OUTCOME"] == "hung_up"
    assert "HL_NEXT" not in call.variables
    ends = [body for kind, body in house.facts() if kind == "FlowEnded"]
    assert len(ends) == 1


async def test_when_our_side_ends_the_session_no_end_is_told(house: House) -> None:
    call = ScriptedCall("c1", "4001", "arrived", "", script={"wait": ["cut"]})
    with pytest.raises(HungUp):
        await house.handlers.contact(call)
    assert [kind for kind, _ in house.facts()] == ["FlowStarted"]


async def test_a_prompt_that_cannot_be_played_does_not_lose_the_caller(house: House) -> None:
    call = ScriptedCall("c1", "4001", "arrived", "", script={"greeting": ["missing"], "wait": ["1"]})
    await house.handlers.contact(call)
    assert call.variables["HL_NEXT"] == "queue"
    assert house.count("prompts_failed_total") == 1


@pytest.mark.parametrize("args", [("c1", "4002"), ("c1", "9999"), ("../c1", "4001"), ("c1",), ()])
async def test_arguments_that_cannot_be_end_the_call_cleanly(house: House, args: tuple[str, ...]) -> None:
    call = ScriptedCall(*args)
    await house.handlers.contact(call)
    assert call.variables == {"HL_NEXT": "hangup"}
    assert house.facts() == []
    assert house.count("sessions_refused_total") == 1


async def test_a_flow_in_progress_keeps_its_settings(house: House) -> None:
    class Changing(ScriptedCall):
        async def wait_for_digit(self, timeout_ms: int) -> str:
            house.settings = replace(SETTINGS, version=5, queues=(), flows=(), numbers=())
            return await super().wait_for_digit(timeout_ms)

    call = Changing("c1", "4001", "arrived", "", script={"wait": ["1"]})
    await house.handlers.contact(call)
    assert call.variables["HL_QUEUE"] == "service"
    assert house.facts()[0][1]["settings_version"] == 4


# ---- the voice message ----------------------------------------------------------------------------------


async def test_a_message_is_kept_told_and_thanked_for(house: House) -> None:
    call = ScriptedCall(
        "c1", script={"record": ["2000"]}, HL_NUMBER="4003", HL_OUTCOME="closed", HL_LANG="en"
    )
    await house.handlers.voicemail(call)
    assert call.said == ["leave-message", "record 60000", "message-thanks"]
    assert (call.variables["HL_OUTCOME"], call.variables["HL_NEXT"]) == ("voice_message", "hangup")
    ((kind, body),) = house.facts()
    assert kind == "MessageLeft"
    assert (body["contact"], body["number"], body["language"]) == ("c1", "4003", "en")
    assert (body["path"], body["length_ms"], body["bytes"]) == ("c1.wav", 2000, 32_044)
    assert (house.folder / "voice-messages" / "c1.wav").exists()


async def test_a_message_ended_by_hanging_up_is_kept_too(house: House) -> None:
    call = ScriptedCall("c1", script={"record": ["2000!"]}, HL_OUTCOME="closed")
    with pytest.raises(HungUp):
        await house.handlers.voicemail(call)
    assert [kind for kind, _ in house.facts()] == ["MessageLeft"]
    assert call.variables["HL_OUTCOME"] == "voice_message"


async def test_who_hangs_up_at_the_tone_has_left_the_dialplan_what_to_put_back(house: House) -> None:
    call = ScriptedCall("c1", script={"record": ["100!"]}, HL_OUTCOME="closed")
    with pytest.raises(HungUp):
        await house.handlers.voicemail(call)
    assert house.facts() == []
    assert call.variables["HL_OUTCOME_BEFORE"] == "closed"
    assert abs(int(call.variables["HL_SPOKEN_SINCE"]) - time.time() * 1000) < 5000
    assert call.order == ["HL_OUTCOME_BEFORE", "HL_SPOKEN_SINCE", "HL_OUTCOME"]


async def test_a_message_that_we_died_in_is_the_beginning_of_the_next(house: House) -> None:
    """The outcome from before both is put back if there is none; the time spoken counts from the first."""
    died = {"HL_OUTCOME": "voice_message", "HL_OUTCOME_BEFORE": "closed", "HL_SPOKEN_SINCE": "1795287640123"}
    call = ScriptedCall("c1", "1795287640", script={"record": ["1000"]}, **died)
    await house.handlers.voicemail(call)
    assert call.variables["HL_OUTCOME"] == "closed"
    assert call.variables["HL_SPOKEN_SINCE"] == "1795287640123"


async def test_who_says_nothing_leaves_no_message(house: House) -> None:
    call = ScriptedCall("c1", script={"record": ["1000"]}, HL_OUTCOME="closed")
    await house.handlers.voicemail(call)
    assert (call.variables["HL_OUTCOME"], call.said[-1]) == ("closed", "goodbye")
    assert house.facts() == []


async def test_a_message_that_cannot_be_recorded_is_counted(house: House) -> None:
    call = ScriptedCall("c1", script={"record": ["missing"]}, HL_OUTCOME="closed")
    await house.handlers.voicemail(call)
    assert (call.variables["HL_OUTCOME"], call.variables["HL_NEXT"]) == ("closed", "hangup")
    assert house.count("records_failed_total") == 1


async def test_a_message_spoken_while_we_died_is_adopted(house: House) -> None:
    call = ScriptedCall("c1", script={"record": ["cut"]}, HL_OUTCOME="closed")
    with pytest.raises(HungUp):
        await house.handlers.voicemail(call)
    assert house.facts() == []
    half = house.folder / "voice-messages/incoming/c1.wav"  # as a killed Asterisk leaves it: no length told
    with wave.open(str(half), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(b"")
    with half.open("ab") as content:
        content.write(b"\x01\x00" * 16_000)
    assert await house.handlers.adopt_messages() == 1
    ((kind, body),) = house.facts()
    assert (kind, body["contact"], body["length_ms"]) == ("MessageLeft", "c1", 2000)
    assert await house.handlers.adopt_messages() == 0


async def test_a_message_stays_where_it_is_looked_for_until_its_fact_is_on_disk(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = ScriptedCall("c1", script={"record": ["2000"]}, HL_OUTCOME="closed")
    spoken, kept = (house.folder / "voice-messages" / name for name in ("incoming/c1.wav", "c1.wav"))
    with monkeypatch.context() as broken:
        broken.setattr(house.journal, "sync", lambda: False)
        await house.handlers.voicemail(call)
        assert await house.handlers.adopt_messages() == 0
    assert (call.variables["HL_OUTCOME"], call.said[-1]) == ("voice_message", "message-thanks")
    assert (spoken.exists(), kept.exists(), house.count("messages_total")) == (True, False, 0)
    assert await house.handlers.adopt_messages() == 1
    assert (spoken.exists(), kept.exists(), house.count("messages_total")) == (False, True, 1)
    assert len(set(house.ids())) == 1


# ---- the survey -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "satisfaction", "said"),
    [
        (["4"], 4, ["survey", "wait 5000", "survey-thanks"]),
        (["7", "1"], 1, ["survey", "wait 5000", "invalid-choice", "survey", "wait 5000", "survey-thanks"]),
        (["", "0"], 0, ["survey", "wait 5000", "no-input", "survey", "wait 5000", "goodbye"]),
    ],
)
async def test_satisfaction(house: House, answers: list[str], satisfaction: int, said: list[str]) -> None:
    call = ScriptedCall("c1", "service", script={"wait": answers})
    await house.handlers.survey(call)
    assert call.said == said
    expected = {"HL_SURVEY": "1", "HL_NEXT": "hangup"}
    assert call.variables == expected | ({"HL_SATISFACTION": str(satisfaction)} if satisfaction else {})
    ((kind, body),) = house.facts()
    assert (kind, body["queue"], body["satisfaction"]) == ("SurveyAnswered", "service", satisfaction)
    assert house.count("surveys_total", satisfaction=str(satisfaction)) == 1


async def test_asked_stands_before_the_question(house: House) -> None:
    call = ScriptedCall("c1", "service", script={"survey": ["hangup"]})
    with pytest.raises(HungUp):
        await house.handlers.survey(call)
    assert call.variables == {"HL_SURVEY": "1"}
    assert house.facts()[0][1]["satisfaction"] == 0


@pytest.mark.parametrize(
    ("queue", "change", "asked"),
    [
        ("quiet", lambda settings: settings, False),
        ("service", lambda settings: replace(settings, hotline=Hotline(survey=False)), False),
        ("", lambda settings: settings, True),
    ],
)
async def test_who_is_asked(
    house: House, queue: str, change: Callable[[Settings], Settings], asked: bool
) -> None:
    house.settings = change(SETTINGS)
    call = ScriptedCall("c1", queue, script={"wait": ["5"]})
    await house.handlers.survey(call)
    assert ("HL_SURVEY" in call.variables) is asked
    assert call.variables["HL_NEXT"] == "hangup"
