"""The text of AGI: headers in, command lines out, answers in. Pure: no sockets, no waiting.

Bytes are read as UTF-8 with undecodable ones replaced: so every value can be stored and shown anywhere, and
none has to be sent back byte by byte. What we send is strict UTF-8.
This module must not know sessions, and trusts neither the peer nor what callers put into their names.
Source of all formats: Asterisk 22, res_agi.c (setup_env, parse_args, agi_handle_command and the handlers).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from telephony.errors import AgiGarbled, AgiHeadersRefused, InputRefused

HANGUP = b"HANGUP"  # the line that says that the channel is gone or has left; never an answer
LONGEST_COMMAND = 2_048  # bytes with line end; Asterisk's own buffer holds 8,192
MOST_WORDS = 64  # Asterisk's array holds 128 and is not checked for quoted words
LONGEST_ANSWER = 65_536  # bytes, all lines of one answer together

# Written before anything that a caller chooses: of these the first line counts, of all others the last. So a
# caller's name with line ends in it cannot pose as another channel. Source: setup_env's order.
_WRITTEN_FIRST = frozenset(
    {
        "agi_network",
        "agi_network_script",
        "agi_request",
        "agi_channel",
        "agi_language",
        "agi_type",
        "agi_uniqueid",
        "agi_version",
    }
)
FIRST_HEADER = b"agi_network: yes"  # of every FastAGI session
_LAST_OWN_HEADER = b"agi_threadid:"  # after it come arguments only
_HEADER = re.compile(r"(agi_[a-z0-9_]+): ?(.*)", re.DOTALL)
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_./:@+-]+", re.ASCII)
_ANSWER = re.compile(r"(?P<code>\d{3}) result=(?P<value>[^ ]*)(?: \((?P<text>.*)\))?(?P<rest>.*)", re.DOTALL)
_ENDPOS = re.compile(r" endpos=(-?\d+)")


# ---- headers ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AgiHeaders:
    """What Asterisk says of the channel at the start of a session."""

    values: Mapping[str, str]
    arguments: tuple[str, ...]  # agi_arg_1, agi_arg_2, …

    @property
    def handler(self) -> str:
        """The path of the request: the name of the handler asked for."""
        return self.values.get("agi_network_script", "").partition("?")[0]


def parse_headers(lines: Sequence[bytes]) -> AgiHeaders:
    """Read header lines (without line ends); raises AgiHeadersRefused for what is no session of Asterisk's.

    A line that is no header belongs to the value before it, which somebody wrote a line end into.
    Arguments are the unbroken run agi_arg_1 … agi_arg_N at the very end, where Asterisk writes them: lines
    smuggled in by a caller's name come before them and add no argument.
    """
    if not lines or lines[0] != FIRST_HEADER or any(b"\0" in line for line in lines):
        raise AgiHeadersRefused("garbage", "this is no FastAGI session")
    pairs: list[tuple[str, str]] = []
    for line in lines:
        text = line.decode("utf-8", "replace")
        if header := _HEADER.fullmatch(text):
            pairs.append((header[1], header[2]))
        else:
            name, value = pairs.pop()
            pairs.append((name, f"{value}\n{text}"))
    run = 0
    for name, _ in reversed(pairs):
        if not name.startswith("agi_arg_"):
            break
        run += 1
    arguments = pairs[len(pairs) - run :]
    if [name for name, _ in arguments] != [f"agi_arg_{place}" for place in range(1, run + 1)]:
        raise AgiHeadersRefused("garbage", "the arguments are not numbered 1, 2, 3 …")
    values: dict[str, str] = {}
    for name, value in pairs[: len(pairs) - run]:
        if name not in _WRITTEN_FIRST or name not in values:
            values[name] = value
    return AgiHeaders(values, tuple(value for _, value in arguments))


def headers_end(line: bytes, lines: Sequence[bytes]) -> bool:
    """Whether this line, without its end, ends the headers read so far.

    An empty line does, but not before Asterisk's own headers are complete: until then it is part of a value.
    """
    return not line and any(earlier.startswith(_LAST_OWN_HEADER) for earlier in lines)


# ---- commands --------------------------------------------------------------------------------------------


def command_line(words: Sequence[str]) -> bytes:
    """One line of quoted words; raises InputRefused for line ends, NUL, too many words, too many bytes."""
    if not words or not words[0]:
        raise InputRefused("AGI command: it has no words")
    if len(words) > MOST_WORDS:
        raise InputRefused(f"AGI command {words[0]}: {len(words)} words, at most {MOST_WORDS} are allowed")
    try:
        line = " ".join(_quoted(word, place) for place, word in enumerate(words)).encode() + b"\n"
    except UnicodeEncodeError as error:
        raise InputRefused(f"AGI command {words[0]}: lone surrogates cannot be sent") from error
    if len(line) > LONGEST_COMMAND:
        raise InputRefused(
            f"AGI command {words[0]}: {len(line)} bytes, at most {LONGEST_COMMAND} are allowed"
        )
    return line


def _quoted(word: str, place: int) -> str:
    if any(hostile in word for hostile in "\r\n\0"):
        raise InputRefused(f"AGI command, word {place}: {word[:64]!r} holds a line end or NUL")
    if _PLAIN_WORD.fullmatch(word):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


# ---- answers ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AgiReply:
    """Asterisk's answer to a command.

    `value` is the result as written, `result` the same as a number (0 if it is none), `text` what stands in
    parentheses, `endpos` the samples played or recorded.
    """

    result: int
    text: str = ""
    endpos: int = 0
    value: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Codes 510 (unknown), 511 (not on a dead channel), 520 (wrong use)."""

    code: int
    text: str


@dataclass(frozen=True, slots=True)
class HangupTold:
    """The line HANGUP: never an answer to anything."""


Heard = AgiReply | Refusal | HangupTold


class AnswerReader:
    """Joins lines to answers: usage texts, and values with line ends in them, take several."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._size = 0

    def take(self, line: bytes) -> Heard | None:
        """Take one line without its end; None while an answer is incomplete. Raises AgiGarbled."""
        self._size += len(line) + 1
        if self._size > LONGEST_ANSWER:
            raise AgiGarbled(f"an answer of more than {LONGEST_ANSWER} bytes")
        if not self._lines and line == HANGUP:
            self._size = 0
            return HangupTold()
        self._lines.append(line.decode("utf-8", "replace"))
        heard = self._finished()
        if heard is not None:
            self._lines, self._size = [], 0
        return heard

    def _finished(self) -> Heard | None:
        first = self._lines[0]
        if first.startswith("520-"):
            last = self._lines[-1]
            return Refusal(520, "\n".join(self._lines)) if last.startswith("520 ") else None
        if first.startswith(("510 ", "511 ", "520 ")):
            return Refusal(int(first[:3]), first[4:])
        whole = "\n".join(self._lines)
        if " (" in first and first.startswith("200 result=") and not _is_whole(whole):
            return None
        return _parse_reply(whole)


def _is_whole(answer: str) -> bool:
    return answer.endswith(")") or _ENDPOS.fullmatch(answer[answer.rfind(")") + 1 :]) is not None


def _parse_reply(answer: str) -> AgiReply:
    match = _ANSWER.fullmatch(answer)
    if match is None or match["code"] != "200":
        raise AgiGarbled(f"a line of {len(answer)} characters that is no answer")
    value = match["value"]
    endpos = _ENDPOS.fullmatch(match["rest"])
    if match["rest"].strip() and endpos is None:
        raise AgiGarbled("an answer with an unknown ending")
    number = re.fullmatch(r"-?\d{1,18}", value, re.ASCII)
    return AgiReply(
        result=int(value) if number else 0,
        text=match["text"] or "",
        endpos=int(endpos[1]) if endpos else 0,
        value=value,
    )
