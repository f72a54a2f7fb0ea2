"""What Dial is told, and what may never stand in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.dial import DialOptions, dial_arguments, phone_endpoint, trunk_arguments, trunk_endpoint
from telephony.errors import InputRefused

HOSTILE = [",", "&", "(", ")", "|", "^", "$", "{", "}", "\\", '"', "'", " ", "\n", "\0", "/", "@", ";", "张"]


def test_one_phone() -> None:
    assert dial_arguments("desk1", 20_000, DialOptions(go_on=True)) == ("PJSIP/desk1", "20.000", "g")


def test_several_phones_and_part_of_a_second() -> None:
    assert dial_arguments(["desk1", "desk2"], 1_500, DialOptions())[:2] == (
        "PJSIP/desk1&PJSIP/desk2",
        "1.500",
    )


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (DialOptions(), ""),
        (DialOptions(music="jazz"), "m(jazz)"),
        (DialOptions(announce_to_agent="hotline/whisper"), "A(hotline/whisper)"),
        (DialOptions(announce_to_caller="hotline/agent-1"), "A(:hotline/agent-1)"),
        (DialOptions(announce_to_agent="a", announce_to_caller="b"), "A(a:b)"),
        (DialOptions(subroutine=("agent-leg",)), "U(agent-leg)"),
        (DialOptions(subroutine=("agent-leg", "1", "x")), "U(agent-leg^1^x)"),
        (DialOptions(before_ringing=("headers",)), "b(headers^s^1)"),
        (DialOptions(before_ringing=("headers", "o-1")), "b(headers^s^1(o-1))"),
        (DialOptions(after_caller="after"), "F(after^s^1)"),
        (DialOptions(presented="4000"), "f(4000)"),
        (
            DialOptions(go_on=True, music="jazz", announce_to_agent="w", subroutine=("agent-leg", "1")),
            "m(jazz)A(w)U(agent-leg^1)g",
        ),
    ],
)
def test_options(options: DialOptions, text: str) -> None:
    assert options.text() == text


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_characters_are_refused_everywhere(hostile: str) -> None:
    value = f"a{hostile}b"
    for refused in (
        lambda: phone_endpoint(value),
        lambda: trunk_endpoint(f"1{hostile}2", "trunk1"),
        lambda: trunk_endpoint("12", value),
        DialOptions(music=value).text,
        DialOptions(presented=value).text,
        DialOptions(subroutine=(value,)).text,
        DialOptions(before_ringing=(value,)).text,
        DialOptions(after_caller=value).text,
    ):
        with pytest.raises(InputRefused):
            refused()
    if hostile not in "/@":  # these two may stand in arguments, / in names of sounds too
        with pytest.raises(InputRefused):
            DialOptions(subroutine=("agent-leg", value)).text()
        with pytest.raises(InputRefused):
            DialOptions(announce_to_agent=value).text()


@pytest.mark.parametrize(("phones", "ring_ms"), [([], 1000), (["a"] * 51, 1000), ("a", 0), ("a", 3_600_001)])
def test_numbers_have_limits(phones: str | list[str], ring_ms: int) -> None:
    with pytest.raises(InputRefused):
        dial_arguments(phones, ring_ms, DialOptions())


def test_an_outside_number() -> None:
    assert trunk_endpoint("+8613800000000", "trunk1") == "PJSIP/+8613800000000@trunk1"


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_no_text_becomes_another_argument_or_phone(phone: str, music: str, argument: str) -> None:
    try:
        who, _, text = dial_arguments(phone, 1000, DialOptions(music=music, subroutine=("sub", argument)))
    except InputRefused:
        return
    assert not set(who) & set(",&") and who.count("/") == 1
    assert "," not in text and text.count("(") == text.count(")") == 2


def test_a_call_over_a_trunk_with_a_limit() -> None:
    options = DialOptions(go_on=True, limit_s=90)
    assert trunk_arguments("0108500", "carrier", 60, options) == ("PJSIP/0108500@carrier", "60", "S(90)g")
