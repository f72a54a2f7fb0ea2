"""The flow machine: what a caller hears and where the caller goes, digit by digit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.settings import Choice, Flow, Hotline, Menu, Number, Queue, Settings, Text
from ivr.core.facts import CallerClosed, FlowEnded, FlowStarted, MenuChosen
from ivr.core.flows import (
    MAX_ANSWERS,
    Action,
    Answer,
    Ask,
    DigitPressed,
    Entered,
    Event,
    Finish,
    Finished,
    FlowMisuse,
    FlowRun,
    HungUp,
    NothingPressed,
    Play,
    SetOutcome,
    SpeakLanguage,
    Step,
)

LANGUAGE = Menu(
    "language",
    "menu-language",
    (
        Choice("1", "menu:subject", language="zh", needs="zh"),
        Choice("2", "menu:subject", language="en", needs="en"),
        Choice("3", "menu:bare"),
    ),
    tries=3,
    on_failure="menu:subject",
)
SUBJECT = Menu(
    "subject",
    "menu-subject",
    (
        Choice("1", "queue:service"),
        Choice("2", "queue:complaint", needs="senior or zh"),
        Choice("4", "message:opening-soon"),
        Choice("5", "voicemail"),
        Choice("6", "hangup"),
        Choice("9", "menu:language"),
    ),
    timeout_s=2.5,
    tries=1,
    on_failure="hangup",
)
BARE = Menu("bare", "menu-bare", (Choice("1", "queue:anybody"),), tries=1, on_failure="voicemail")
FLOW = Flow("main", "menu:language", hours="office", closed="voicemail", menus=(LANGUAGE, SUBJECT, BARE))
QUEUES = (
    Queue("service", Text("咨询", "Service"), needs="service", priority=3),
    Queue("complaint", Text("投诉", "Complaints"), needs="complaint"),
    Queue("anybody", Text("全部", "Anybody")),
)
SETTINGS = Settings(version=7, queues=QUEUES, flows=(FLOW,))
ASK_LANGUAGE = Ask(("menu-language",), 5000)
ASK_SUBJECT = Ask(("menu-subject",), 2500)
OPEN = Entered(1000, is_open=True, next_opening_ms=0, resumed=False)
CLOSED = Entered(1000, is_open=False, next_opening_ms=9000, resumed=False)


def run_of(flow: Flow = FLOW, settings: Settings = SETTINGS) -> FlowRun:
    return FlowRun(settings, flow, "c1", "4001", "zh")


def press(run: FlowRun, digits: str) -> Step:
    """Press each digit in turn; "-" is no digit. Returns the last step."""
    step = Step()
    for digit in digits:
        step = run.handle(NothingPressed(2000) if digit == "-" else DigitPressed(2000, digit))
    return step


def finish_after(digits: str, flow: Flow = FLOW) -> Action:
    run = run_of(flow)
    run.handle(OPEN)
    return press(run, digits).actions[-1]


def test_a_caller_is_greeted_told_of_the_recording_and_asked() -> None:
    step = run_of().handle(OPEN)
    assert step.actions == (
        SetOutcome("hung_up"),
        Answer(),
        SpeakLanguage("zh"),
        Play("greeting"),
        Play("recorded-notice", interruptible=False),
        ASK_LANGUAGE,
    )
    assert step.facts == (FlowStarted(1000, "c1", "4001", "main", "zh", True, False, 7),)


def test_without_recording_there_is_no_notice() -> None:
    settings = replace(SETTINGS, hotline=Hotline(announce_recording=False))
    assert run_of(settings=settings).handle(OPEN).actions[2:] == (
        SpeakLanguage("zh"),
        Play("greeting"),
        ASK_LANGUAGE,
    )


def test_who_comes_back_after_our_death_is_not_greeted_again() -> None:
    step = run_of().handle(replace(OPEN, resumed=True))
    assert Play("greeting") not in step.actions
    assert Play("recorded-notice", interruptible=False) in step.actions


def test_two_levels_lead_to_a_queue_with_all_needs_in_one_expression() -> None:
    run = run_of()
    run.handle(OPEN)
    assert press(run, "2").actions == (SpeakLanguage("en"), ASK_SUBJECT)
    step = press(run, "2")
    needs = "(complaint) and (en) and (senior or zh)"
    chosen = "(en) and (senior or zh)"
    assert step.actions == (Finish("queue", "queued", "complaint", needs, 0, chosen),)
    assert step.facts == (MenuChosen(2000, "c1", "main", "subject", "2", 1, "queue:complaint"),)
    assert run.handle(Finished(2500)).facts == (
        FlowEnded(2500, "c1", "main", "queued", "queue", "complaint", needs, 0, "en"),
    )
    assert run.state == "ended"


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("11", Finish("queue", "queued", "service", "(service) and (zh)", 3, "zh")),
        ("31", Finish("queue", "queued", "anybody", "", 0)),  # nobody asked for anything
        ("2911", Finish("queue", "queued", "service", "(service) and (zh)", 3, "zh")),  # back takes "en" back
        ("2931", Finish("queue", "queued", "anybody", "", 0)),
        ("14", Finish("hangup", "message")),
        ("15", Finish("voicemail", "hung_up")),  # until a message is left
        ("16", Finish("hangup", "refused")),
        ("18", Finish("hangup", "refused")),  # the only try was invalid
        ("3-", Finish("voicemail", "refused")),
        ("---1", Finish("queue", "queued", "service", "service", 3)),
    ],
)
def test_where_digits_lead(digits: str, expected: Finish) -> None:
    assert finish_after(digits) == expected


def test_one_need_stands_alone_and_equal_needs_are_named_once() -> None:
    subject = replace(SUBJECT, choices=(Choice("1", "queue:service", needs="service"),))
    flow = replace(FLOW, menus=(LANGUAGE, subject, BARE))
    assert finish_after("---1", flow) == Finish("queue", "queued", "service", "service", 3, "service")


def test_the_latest_preference_goes_along_and_is_taken_back_with_its_menu() -> None:
    subject = replace(
        SUBJECT,
        choices=(
            Choice("1", "queue:service", prefer=("1001", "1002")),
            Choice("2", "queue:service"),
            Choice("9", "menu:language"),
        ),
    )
    language = replace(
        LANGUAGE, choices=(Choice("1", "menu:subject"), Choice("2", "menu:subject", prefer=("1003",)))
    )
    flow = replace(FLOW, menus=(language, subject, BARE))
    settings = replace(SETTINGS, numbers=(Number("4001", "main", prefer=("4001",)), Number("4002", "main")))
    preferred = {}
    for digits in ("11", "12", "21", "22", "2912"):
        run = run_of(flow, settings)
        run.handle(OPEN)
        finish = press(run, digits).actions[-1]
        assert isinstance(finish, Finish)
        preferred[digits] = finish.prefer
    assert preferred == {
        "11": ("1001", "1002"),
        "12": ("4001",),
        "21": ("1001", "1002"),
        "22": ("1003",),
        "2912": ("4001",),
    }


def test_the_flow_s_preference_gives_way_to_the_number_s_and_both_to_the_choice_s() -> None:
    subject = replace(
        SUBJECT, choices=(Choice("1", "queue:service"), Choice("2", "queue:service", prefer=("1001",)))
    )
    flow = replace(FLOW, start="menu:subject", menus=(subject,), prefer=("vip",))
    preferred = {}
    for lines in ((), (Number("4001", "main", prefer=("keys", "1002")),)):
        for digit in "12":
            run = run_of(flow, replace(SETTINGS, numbers=lines))
            run.handle(OPEN)
            finish = press(run, digit).actions[-1]
            assert isinstance(finish, Finish)
            preferred[len(lines), digit] = finish.prefer
    assert preferred == {
        (0, "1"): ("vip",),
        (0, "2"): ("1001",),
        (1, "1"): ("keys", "1002"),
        (1, "2"): ("1001",),
    }


def test_a_message_is_said_before_the_end_and_a_goodbye_before_hanging_up() -> None:
    for digit, outcome, prompt in (("4", "message", "opening-soon"), ("6", "refused", "goodbye")):
        run = run_of()
        run.handle(OPEN)
        press(run, "1")
        assert press(run, digit).actions == (
            SetOutcome(outcome),
            Play(prompt, interruptible=False),
            Finish("hangup", outcome),
        )


def test_wrong_and_missing_digits_are_told_apart_and_the_last_try_leads_on() -> None:
    run = run_of()
    run.handle(OPEN)
    assert press(run, "7").actions == (Ask(("invalid-choice", "menu-language"), 5000, afresh=True),)
    assert press(run, "-").actions == (Ask(("no-input", "menu-language"), 5000, afresh=True),)
    step = press(run, "0")
    assert step.actions == (ASK_SUBJECT,)
    assert step.facts == (MenuChosen(2000, "c1", "main", "language", "", 3, "menu:subject"),)


def test_coming_back_to_a_menu_gives_its_tries_anew() -> None:
    run = run_of()
    run.handle(OPEN)
    press(run, "--19--")  # two tries used up, chosen, back, two again
    assert press(run, "1").actions == (SpeakLanguage("zh"), ASK_SUBJECT)


def test_nobody_goes_round_for_ever() -> None:
    run = run_of()
    run.handle(OPEN)
    press(run, "19" * (MAX_ANSWERS // 2))
    assert press(run, "1").actions[-1] == Finish("hangup", "refused")


def test_out_of_hours_the_caller_hears_the_hours_and_goes_where_closed_leads() -> None:
    step = run_of().handle(CLOSED)
    assert step.actions == (
        SetOutcome("closed"),
        Answer(),
        SpeakLanguage("zh"),
        Play("greeting"),
        Play("recorded-notice", interruptible=False),
        Play("closed-office"),
        Finish("voicemail", "closed"),
    )
    assert step.facts[-1] == CallerClosed(1000, "c1", "main", "office", 9000)


@pytest.mark.parametrize(
    ("closed", "digits", "expected"),
    [
        ("hangup", "", Finish("hangup", "closed")),
        ("message:opening-soon", "", Finish("hangup", "closed")),
        ("queue:service", "", Finish("queue", "queued", "service", "service", 3)),
        ("menu:subject", "5", Finish("voicemail", "closed")),
        ("menu:subject", "-", Finish("hangup", "closed")),
    ],
)
def test_out_of_hours_every_end_without_an_agent_is_closed(
    closed: str, digits: str, expected: Finish
) -> None:
    run = run_of(replace(FLOW, closed=closed))
    step = run.handle(CLOSED)
    assert (press(run, digits) if digits else step).actions[-1] == expected


@pytest.mark.parametrize(
    ("entered", "digits", "outcome"),
    [
        (None, "", "hung_up"),  # before anything was said
        (OPEN, "", "hung_up"),  # in the first menu
        (OPEN, "11", "hung_up"),  # sent to the queue, but gone before the dialplan knew
        (OPEN, "14", "message"),  # while the message was said
        (OPEN, "16", "refused"),  # during goodbye
        (CLOSED, "", "closed"),  # while the hours were said
    ],
)
def test_a_hang_up_ends_the_flow_at_any_moment(entered: Entered | None, digits: str, outcome: str) -> None:
    run = run_of()
    if entered:
        run.handle(entered)
    press(run, digits)
    step = run.handle(HungUp(3000))
    assert step.facts == (FlowEnded(3000, "c1", "main", outcome, "", "", "", 0, run.language),)
    assert (step.actions, run.state) == ((), "ended")


@pytest.mark.parametrize("entered", [OPEN, CLOSED])
@pytest.mark.parametrize("digits", ["", "1", "14", "16", "11", "15"])
def test_the_outcome_set_is_always_that_of_a_hang_up_now(entered: Entered, digits: str) -> None:
    run = run_of(replace(FLOW, closed="menu:language"))
    actions = [*run.handle(entered).actions]
    for digit in digits:
        actions += press(run, digit).actions
    standing = [action.outcome for action in actions if isinstance(action, SetOutcome)][-1]
    (ended,) = run.handle(HungUp(3000)).facts
    assert isinstance(ended, FlowEnded)
    assert ended.outcome == standing


@pytest.mark.parametrize(
    ("before", "event", "named"),
    [
        ((), DigitPressed(1, "1"), "state new does not take DigitPressed"),
        ((), NothingPressed(1), "state new does not take NothingPressed"),
        ((), Finished(1), "state new does not take Finished"),
        ((OPEN,), OPEN, "state asking does not take Entered"),
        ((OPEN,), Finished(1), "state asking does not take Finished"),
        ((CLOSED,), DigitPressed(1, "1"), "state finishing does not take DigitPressed"),
        ((CLOSED,), NothingPressed(1), "state finishing does not take NothingPressed"),
        ((CLOSED,), CLOSED, "state finishing does not take Entered"),
        ((CLOSED, Finished(1)), Finished(2), "state ended does not take Finished"),
        ((CLOSED, Finished(1)), HungUp(2), "state ended does not take HungUp"),
    ],
)
def test_an_event_out_of_turn_is_refused_by_name(before: tuple[Event, ...], event: Event, named: str) -> None:
    run = run_of()
    for earlier in before:
        run.handle(earlier)
    state = run.state
    with pytest.raises(FlowMisuse, match=named):
        run.handle(event)
    assert run.state == state


@given(
    entered=st.sampled_from([OPEN, CLOSED]),
    closed=st.sampled_from(["voicemail", "menu:subject", "queue:service", "message:x", "hangup"]),
    keys=st.lists(st.sampled_from("0123456789*#-"), min_size=MAX_ANSWERS + 1, max_size=MAX_ANSWERS + 1),
)
def test_whatever_is_pressed_the_caller_is_asked_or_sent_on_and_comes_to_an_end(
    entered: Entered, closed: str, keys: list[str]
) -> None:
    run = run_of(replace(FLOW, closed=closed))
    step = run.handle(entered)
    for key in keys:
        assert isinstance(step.actions[-1], Ask if run.state == "asking" else Finish)
        if run.state == "finishing":
            break
        step = press(run, key)
    assert run.state == "finishing"
    (ended,) = run.handle(Finished(9000)).facts
    assert isinstance(ended, FlowEnded) and ended.next in ("queue", "voicemail", "hangup")


def test_who_comes_out_of_a_queue_is_not_greeted_and_begins_at_the_menu_though_it_is_closed() -> None:
    step = run_of().handle(replace(CLOSED, start="menu:subject"))
    assert step.actions == (SetOutcome("hung_up"), Answer(), SpeakLanguage("zh"), ASK_SUBJECT)
