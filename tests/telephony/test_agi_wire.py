"""Headers, command lines and answers of AGI, as text."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telephony_peers import agi_headers

from telephony.agi_wire import (
    LONGEST_ANSWER,
    LONGEST_COMMAND,
    MOST_WORDS,
    AgiReply,
    AnswerReader,
    HangupTold,
    Heard,
    Refusal,
    command_line,
    headers_end,
    parse_headers,
)
from telephony.errors import AgiGarbled, AgiHeadersRefused, InputRefused


def lines_of(block: bytes) -> list[bytes]:
    return block.removesuffix(b"\n\n").split(b"\n")


# ---- headers ---------------------------------------------------------------------------------------------


def test_headers_of_a_session() -> None:
    headers = parse_headers(lines_of(agi_headers("queue", "token", "one", "", "three")))
    assert headers.handler == "queue"
    assert headers.arguments == ("token", "one", "", "three")
    assert headers.values["agi_calleridname"] == "张三"
    assert "agi_arg_1" not in headers.values


def test_a_query_is_no_part_of_the_handlers_name() -> None:
    assert parse_headers(lines_of(agi_headers("queue?x=1"))).handler == "queue"


def test_a_callers_name_cannot_add_or_change_an_argument() -> None:
    name = "x\nagi_arg_1: forged\nagi_arg_2: forged\nagi_arg_3: forged"
    headers = parse_headers(lines_of(agi_headers("queue", "token", "one", calleridname=name)))
    assert headers.arguments == ("token", "one")


def test_a_callers_name_cannot_pose_as_another_channel_or_contact() -> None:
    name = "x\nagi_uniqueid: forged\nagi_channel: forged\nagi_accountcode: forged\nagi_network_script: desk"
    headers = parse_headers(lines_of(agi_headers("queue", "token", calleridname=name)))
    assert headers.handler == "queue"
    assert headers.values["agi_uniqueid"] == "1700000000.1"
    assert headers.values["agi_channel"] == "PJSIP/trunk1-00000001"
    assert headers.values["agi_accountcode"] == "1700000000.1"


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [b"GET / HTTP/1.1"],
        [b"agi_request: x"],
        [b"agi_network: no"],
        [b"agi_network: yes", b"agi_calleridname: a\0b"],
        [b"agi_network: yes", b"agi_arg_2: skipped one"],
        [b"agi_network: yes", b"agi_arg_1: a", b"agi_arg_3: b"],
    ],
)
def test_what_is_no_session_is_refused(lines: list[bytes]) -> None:
    with pytest.raises(AgiHeadersRefused) as refused:
        parse_headers(lines)
    assert refused.value.reason == "garbage"


def test_undecodable_bytes_become_replacement_characters_that_can_be_stored() -> None:
    headers = parse_headers([b"agi_network: yes", b"agi_calleridname: caf\xe9"])
    assert headers.values["agi_calleridname"] == "caf\N{REPLACEMENT CHARACTER}"
    headers.values["agi_calleridname"].encode()


def test_a_name_with_line_ends_stays_one_value_and_ends_nothing() -> None:
    block = agi_headers("queue", "token", calleridname="one\n\nthree: 3")
    lines: list[bytes] = []
    for line in block.split(b"\n"):
        if headers_end(line, lines):
            break
        lines.append(line)
    headers = parse_headers(lines)
    assert headers.values["agi_calleridname"] == "one\n\nthree: 3"
    assert headers.values["agi_dnid"] == "95598"
    assert headers.arguments == ("token",)


@given(st.lists(st.binary(max_size=40), max_size=12))
def test_any_bytes_are_headers_or_refused(lines: list[bytes]) -> None:
    parse_headers([b"agi_network: yes", *(line.replace(b"\0", b"").replace(b"agi", b"") for line in lines)])
    with suppress(AgiHeadersRefused):
        parse_headers(lines)


@given(
    name=st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=80),
    arguments=st.lists(
        st.text(st.characters(exclude_characters="\0\n", exclude_categories=("Cs",)), max_size=9)
    ),
)
def test_no_name_whatever_changes_who_it_is_or_what_is_asked(name: str, arguments: list[str]) -> None:
    block = agi_headers("queue", "token", *arguments, calleridname=name)
    headers = parse_headers(block[:-2].split(b"\n"))
    assert headers.arguments == ("token", *arguments)
    assert headers.values["agi_uniqueid"] == "1700000000.1"
    assert headers.values["agi_accountcode"] == "1700000000.1"


# ---- commands --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("ANSWER",), b"ANSWER\n"),
        (("STREAM", "FILE", "hotline/greeting", ""), b'STREAM FILE hotline/greeting ""\n'),
        (("SET", "VARIABLE", "X", 'a "b" \\c'), b'SET VARIABLE X "a \\"b\\" \\\\c"\n'),
        (("SET", "VARIABLE", "X", "张三"), 'SET VARIABLE X "张三"\n'.encode()),
        (("EXEC", "Dial", "PJSIP/a,20,gm(x)"), b'EXEC Dial "PJSIP/a,20,gm(x)"\n'),
    ],
)
def test_words_are_quoted(words: tuple[str, ...], line: bytes) -> None:
    assert command_line(words) == line


@pytest.mark.parametrize("hostile", ["a\nHANGUP", "a\rb", "a\0b", "\ud800"])
def test_hostile_words_are_refused(hostile: str) -> None:
    with pytest.raises(InputRefused):
        command_line(("SET", "VARIABLE", "X", hostile))


def test_lines_and_words_have_limits() -> None:
    fits = "x" * (LONGEST_COMMAND - len("NOOP \n"))
    assert len(command_line(("NOOP", fits))) == LONGEST_COMMAND
    with pytest.raises(InputRefused, match="bytes"):
        command_line(("NOOP", fits + "x"))
    with pytest.raises(InputRefused, match="words"):
        command_line(["NOOP"] * (MOST_WORDS + 1))
    with pytest.raises(InputRefused):
        command_line(())


def asterisks_words(line: str) -> list[str]:
    """What Asterisk makes of a line. Source: res_agi.c, parse_args."""
    words: list[list[str]] = []
    quoted = escaped = False
    between = True
    for character in line:
        if character == '"' and not escaped:
            quoted = not quoted
            if quoted and between:
                words.append([])
                between = False
        elif character in " \t" and not quoted and not escaped:
            between = True
        elif character == "\\" and not escaped:
            escaped = True
        else:
            if between:
                words.append([])
                between = False
            words[-1].append(character)
            escaped = False
    return ["".join(word) for word in words]


@given(st.lists(st.text(max_size=20), min_size=1, max_size=8))
def test_asterisk_reads_the_words_that_were_meant(words: list[str]) -> None:
    try:
        line = command_line(("NOOP", *words)).decode()
    except InputRefused:
        return
    assert line.count("\n") == 1
    assert asterisks_words(line.rstrip("\n")) == ["NOOP", *words]


# ---- answers ---------------------------------------------------------------------------------------------


def heard(*lines: str) -> list[Heard]:
    reader = AnswerReader()
    return [one for line in lines if (one := reader.take(line.encode())) is not None]


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("200 result=0", AgiReply(0, value="0")),
        ("200 result=-1", AgiReply(-1, value="-1")),
        ("200 result=1 (value)", AgiReply(1, "value", value="1")),
        ("200 result=1 ()", AgiReply(1, "", value="1")),
        ("200 result=1 (a) b (c))", AgiReply(1, "a) b (c)", value="1")),
        ("200 result=1 (x endpos=7)", AgiReply(1, "x endpos=7", value="1")),
        ("200 result=49 endpos=3404", AgiReply(49, "", 3404, "49")),
        ("200 result=0 (timeout) endpos=8000", AgiReply(0, "timeout", 8000, "0")),
        ("200 result=*12 (timeout)", AgiReply(0, "timeout", 0, "*12")),
        ("200 result= (timeout)", AgiReply(0, "timeout", 0, "")),
    ],
)
def test_answers(line: str, reply: AgiReply) -> None:
    assert heard(line) == [reply]


def test_a_hang_up_is_no_answer() -> None:
    assert heard("HANGUP", "200 result=0") == [HangupTold(), AgiReply(0, value="0")]


def test_a_usage_text_takes_several_lines() -> None:
    assert heard("520-Invalid", "Usage: HANGUP", "HANGUP", "520 End of proper usage.", "200 result=0") == [
        Refusal(520, "520-Invalid\nUsage: HANGUP\nHANGUP\n520 End of proper usage."),
        AgiReply(0, value="0"),
    ]
    assert heard("510 Invalid or unknown command") == [Refusal(510, "Invalid or unknown command")]
    assert heard("511 Command Not Permitted")[0] == Refusal(511, "Command Not Permitted")
    assert heard("520 Proper usage not available.")[0] == Refusal(520, "Proper usage not available.")


def test_a_value_with_line_ends_in_it_stays_one_answer() -> None:
    assert heard("200 result=1 (one", "HANGUP", "three)", "200 result=0") == [
        AgiReply(1, "one\nHANGUP\nthree", value="1"),
        AgiReply(0, value="0"),
    ]


@pytest.mark.parametrize("line", ["", "garbage", "200", "200 result=0 nonsense", "404 result=1"])
def test_garbage_is_told(line: str) -> None:
    with pytest.raises(AgiGarbled):
        heard(line)


def test_an_endless_answer_is_told() -> None:
    reader = AnswerReader()
    with pytest.raises(AgiGarbled):
        for _ in range(LONGEST_ANSWER):
            reader.take(b"520-and so on")


def test_many_answers_are_no_endless_one() -> None:
    reader = AnswerReader()
    for _ in range(LONGEST_ANSWER // 8):
        assert reader.take(b"200 result=0") == AgiReply(0, value="0")


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_any_bytes_are_answers_or_garbage(lines: list[bytes]) -> None:
    reader = AnswerReader()
    with suppress(AgiGarbled):
        for line in lines:
            reader.take(line)


@given(st.text(st.characters(exclude_characters="\n", exclude_categories=("Cs",)), max_size=60))
def test_any_one_line_value_comes_through(value: str) -> None:
    reply = AnswerReader().take(f"200 result=1 ({value})".encode())
    assert isinstance(reply, AgiReply)
    assert reply.text == value
