"""One FastAGI session: a channel of Asterisk that takes one command after another from us.

One command at a time, because Asterisk reads a second one sent ahead into a buffer that it does not look at
again before more comes. The one exception cuts a running prompt: `stop_playing`. The line HANGUP is never an
answer; on it the socket is closed at once, for until then Asterisk holds a transferred caller.
This module must not know what a session is for, nor how connections are accepted.
Source: res_agi.c, run_agi, handle_streamfile.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from telephony.agi_metrics import AgiMetrics
from telephony.agi_wire import (
    HANGUP,
    AgiHeaders,
    AgiReply,
    AnswerReader,
    HangupTold,
    Heard,
    Refusal,
    command_line,
)
from telephony.errors import AgiError, AgiFailed, AgiGarbled, AgiRefused, AgiTimedOut, HungUp

logger = logging.getLogger(__name__)

COMMAND_TIMEOUT_S = 10.0
PROMPT_TIMEOUT_S = 600.0
APPLICATION_TIMEOUT_S = 86_400.0  # a conversation lasts as long as it lasts; a day ends it for us
GRACE_S = 10.0  # beyond the time that a command was given to wait in Asterisk
CUT_WAIT = "\x01"
"""What WAIT FOR DIGIT answers when another command cut it. Source: ast_waitfordigit_full, channel.c."""
HANGUP_FOLLOWS_S = 0.2  # after a result of -1, HANGUP comes within this or not at all
NUDGE_AFTER_S = 0.1
MOST_NUDGES = 6  # each after twice the time of the one before: 6.3 s in all
DEAD_CHANNEL = 511
UNKNOWN_APPLICATION = -2


@dataclass(slots=True, eq=False)
class _Owed:
    """An answer that Asterisk owes us; `future` is None when nobody waits for it."""

    future: asyncio.Future[Heard] | None
    plays: bool = False
    marker: str = ""  # the cut's own answer is known by this text


@dataclass(slots=True)
class _Cut:
    """Cutting of a prompt under way: counts the nudges."""

    number: int = 0
    nudges: int = 0
    timer: asyncio.TimerHandle | None = None


class AgiSession:
    """A channel's session. Commands raise HungUp once it is over; `closed` is set then, also while idle."""

    def __init__(
        self,
        headers: AgiHeaders,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        metrics: AgiMetrics,
    ) -> None:
        self.headers: Mapping[str, str] = headers.values
        self.args: tuple[str, ...] = headers.arguments[1:]  # without the token
        self.closed = asyncio.Event()
        self.on_end: Callable[[], None] = lambda: None  # called once, when `closed` is set
        self.hung_up = False  # Asterisk said HANGUP: the channel is gone, or has left this session
        self._reader = reader
        self._writer = writer
        self._metrics = metrics
        self._answers = AnswerReader()
        self._owed: deque[_Owed] = deque()
        self._nothing_owed = asyncio.Event()
        self._nothing_owed.set()
        self._turn = asyncio.Lock()
        self._cut = _Cut()

    # ---- who it is -----------------------------------------------------------------------------------

    @property
    def channel(self) -> str:
        return self.headers.get("agi_channel", "")

    @property
    def uniqueid(self) -> str:
        return self.headers.get("agi_uniqueid", "")

    @property
    def caller_number(self) -> str:
        """The caller's number as Asterisk gives it, unescaped and untrusted; "" when unknown. Personal."""
        return _known(self.headers.get("agi_callerid", ""))

    @property
    def caller_name(self) -> str:
        """The caller's name as the caller chose it, unescaped and untrusted; "" when unknown. Personal."""
        return _known(self.headers.get("agi_calleridname", ""))

    @property
    def accountcode(self) -> str:
        return self.headers.get("agi_accountcode", "")

    # ---- commands ------------------------------------------------------------------------------------

    async def command(self, *words: str, timeout_s: float = COMMAND_TIMEOUT_S) -> AgiReply:
        """Send one command and wait for its answer, at most timeout_s, waiting for one's turn included.

        Raises HungUp, AgiRefused (5xx), AgiTimedOut, AgiGarbled, InputRefused. A result of -1 is an answer.
        """
        return await self._ask(words, timeout_s, plays=False)

    async def execute(
        self, application: str, *arguments: str, timeout_s: float = APPLICATION_TIMEOUT_S
    ) -> AgiReply:
        """Run a dialplan application with its arguments, joined by commas as they are.

        Raises what `command` raises, and AgiRefused when Asterisk has no such application.
        """
        reply = await self.command("EXEC", application, ",".join(arguments), timeout_s=timeout_s)
        if reply.result == UNKNOWN_APPLICATION:
            raise AgiRefused(f"Asterisk has no application {application}")
        return reply

    async def answer(self) -> None:
        """Answer the channel; Asterisk may wait up to 0.5 s for the caller's first audio."""
        await self._succeed("ANSWER")

    async def hang_up(self) -> None:
        """Hang the channel up."""
        await self.command("HANGUP")

    async def get_variable(self, name: str) -> str:
        """The value of a channel variable or function; "" when it is not set."""
        return (await self.command("GET", "VARIABLE", name)).text

    async def get_full(self, expression: str) -> str:
        """The value of an expression with ${…} in it; never pass anything that a caller chose."""
        return (await self.command("GET", "FULL", "VARIABLE", expression)).text

    async def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable, or write to a function such as CHANNEL(language)."""
        await self.command("SET", "VARIABLE", name, value)

    async def music_on(self, music: str = "default") -> None:
        """Play music of this class while the session is idle."""
        await self.command("SET", "MUSIC", "ON", music)

    async def music_off(self) -> None:
        await self.command("SET", "MUSIC", "OFF")

    async def stream_file(self, name: str, escape_digits: str = "") -> str:
        """Play a sound; returns the digit that cut it, or "" (also when `stop_playing` cut it).

        Raises AgiFailed when there is no such sound.
        """
        words = ("STREAM", "FILE", name, escape_digits)
        return await self._digit(words, PROMPT_TIMEOUT_S, plays=True)

    async def stream_from(self, name: str, escape_digits: str, sample: int) -> tuple[str, int]:
        """Like `stream_file`, but from a sample on; also returns up to which sample was played."""
        words = ("STREAM", "FILE", name, escape_digits, str(sample))
        reply = await self._succeed(*words, timeout_s=PROMPT_TIMEOUT_S, plays=True)
        return _digit_of(reply), reply.endpos

    async def wait_for_digit(self, timeout_ms: int, *, cuttable: bool = False) -> str:
        """The next digit within timeout_ms, or "" (cuttable: also when `stop_playing` cut it)."""
        words = ("WAIT", "FOR", "DIGIT", str(timeout_ms))
        digit = await self._digit(words, timeout_ms / 1000 + GRACE_S, plays=cuttable)
        return digit if digit != CUT_WAIT else ""

    async def say_digits(self, digits: str, escape_digits: str = "") -> str:
        """Speak digits one by one in the channel's language; returns the digit that cut it, or ""."""
        return await self._digit(("SAY", "DIGITS", digits, escape_digits), PROMPT_TIMEOUT_S)

    async def say_number(self, number: int, escape_digits: str = "") -> str:
        """Speak a whole number in the channel's language; returns the digit that cut it, or ""."""
        return await self._digit(("SAY", "NUMBER", str(number), escape_digits), PROMPT_TIMEOUT_S)

    async def record_file(
        self, path: str, file_format: str, escape_digits: str, timeout_ms: int, silence_s: int = 0
    ) -> str:
        """Record after a beep to PATH.FORMAT until a digit, silence_s of silence (0: never) or the timeout.

        Returns the digit, or "". A hang-up meanwhile raises HungUp; what was said is kept in the file.
        """
        words = ["RECORD", "FILE", path, file_format, escape_digits, str(timeout_ms), "BEEP"]
        if silence_s:
            words.append(f"s={silence_s}")
        return await self._digit(tuple(words), timeout_ms / 1000 + GRACE_S)

    def stop_playing(self) -> bool:
        """Cut the prompt that `stream_file` plays now, within a millisecond; False when none plays.

        Its `stream_file` returns "". Only STREAM FILE can be cut: SAY and EXEC do not listen meanwhile.
        """
        if self.closed.is_set() or len(self._owed) != 1 or not self._owed[0].plays:
            return False
        self._cut.number += 1
        self._cut.nudges = 0
        marker = f"cut-{self._cut.number}"
        self._send(("GET", "FULL", "VARIABLE", marker), _Owed(None, marker=marker))
        self._plan_nudge()
        return True

    # ---- asking and answering ------------------------------------------------------------------------

    async def _ask(self, words: tuple[str, ...], timeout_s: float, *, plays: bool) -> AgiReply:
        line = command_line(words)  # refuses before waiting
        owed: _Owed | None = None
        try:
            async with asyncio.timeout(timeout_s), self._turn:
                await self._nothing_owed.wait()
                if self.closed.is_set():
                    raise HungUp(f"{words[0]}: the session is over")
                owed = _Owed(asyncio.get_running_loop().create_future(), plays=plays)
                # Not drained: one short line at a time, and a peer that reads none answers none in time.
                self._send_line(line, owed)
                assert owed.future is not None
                heard = await owed.future
        except TimeoutError as error:
            self._metrics.commands.labels("timed_out").inc()
            if owed is not None:
                logger.error("agi_command_timed_out", extra={"command": words[0], "timeout_s": timeout_s})
                self.end()
            raise AgiTimedOut(f"{words[0]}: no answer within {timeout_s:g} s") from error
        except HungUp:
            self._metrics.commands.labels("hung_up").inc()
            raise
        return self._judged(words, heard)

    def _judged(self, words: tuple[str, ...], heard: Heard) -> AgiReply:
        if isinstance(heard, AgiReply):
            self._metrics.answered.inc()
            return heard
        self._metrics.commands.labels("refused").inc()
        assert isinstance(heard, Refusal)
        if heard.code == DEAD_CHANNEL:
            raise HungUp(f"{words[0]}: the channel is dead")
        raise AgiRefused(f"{' '.join(words[:3])[:80]}: {heard.code} {heard.text[:200]}")

    async def _succeed(
        self, *words: str, timeout_s: float = COMMAND_TIMEOUT_S, plays: bool = False
    ) -> AgiReply:
        """Like `command`, but a result of -1 raises: HungUp if a hang-up follows at once, else AgiFailed."""
        reply = await self._ask(words, timeout_s, plays=plays)
        if reply.result != -1:
            return reply
        with suppress(TimeoutError):
            await asyncio.wait_for(self.closed.wait(), HANGUP_FOLLOWS_S)
            raise HungUp(f"{words[0]}: the channel is gone")
        raise AgiFailed(f"{' '.join(words[:3])[:120]}: Asterisk answered -1 though the channel lives")

    async def _digit(self, words: tuple[str, ...], timeout_s: float, *, plays: bool = False) -> str:
        return _digit_of(await self._succeed(*words, timeout_s=timeout_s, plays=plays))

    def _send(self, words: tuple[str, ...], owed: _Owed) -> None:
        self._send_line(command_line(words), owed)

    def _send_line(self, line: bytes, owed: _Owed) -> None:
        self._owed.append(owed)
        self._nothing_owed.clear()
        self._writer.write(line)

    def _plan_nudge(self) -> None:
        delay_s = NUDGE_AFTER_S * 2**self._cut.nudges
        self._cut.timer = asyncio.get_running_loop().call_later(delay_s, self._nudge)

    def _nudge(self) -> None:
        """The cut was not answered: Asterisk read it together with the play and does not look again.

        Any further line makes it look.
        """
        self._cut.timer = None
        if self.closed.is_set() or not any(owed.marker for owed in self._owed):
            return
        if self._cut.nudges >= MOST_NUDGES:
            logger.error("agi_cut_not_answered", extra={"nudges": self._cut.nudges})
            self.end()
            return
        self._send(("NOOP",), _Owed(None))
        self._metrics.nudges.inc()
        self._cut.nudges += 1
        self._plan_nudge()

    def _take(self, heard: AgiReply | Refusal) -> None:
        if isinstance(heard, AgiReply) and heard.text:
            place = next((n for n, owed in enumerate(self._owed) if owed.marker == heard.text), 0)
            for _ in range(place):
                _resolve(self._owed.popleft(), AgiReply(0))  # the prompt that was cut sends no answer
        _resolve(self._owed.popleft(), heard)
        if not self._owed:
            self._nothing_owed.set()

    # ---- the session's life, for the server ----------------------------------------------------------

    async def read_until_end(self) -> None:
        """Read what Asterisk says until it hangs up, goes away or talks garbage; then the session is over."""
        try:
            while not self.closed.is_set():
                line = (await self._reader.readuntil(b"\n"))[:-1]
                if not self._owed and line != HANGUP:
                    # The tail of a value with line ends in it: dropped, or later answers would be off by one.
                    self._metrics.unexpected.inc()
                    continue
                heard = self._answers.take(line)
                if isinstance(heard, HangupTold):
                    self.hung_up = True
                    return
                if heard is not None:
                    self._take(heard)
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # end of file: the channel has gone on without a word
        except (AgiGarbled, asyncio.LimitOverrunError) as error:
            logger.warning("agi_garbled", extra={"error": str(error)})
            self._fail_owed(AgiGarbled(str(error)))
        finally:
            self.end()

    def end(self) -> None:
        """Close the socket at once; whoever waits for an answer gets HungUp. May be called again."""
        if self.closed.is_set():
            return
        self.closed.set()
        if self._cut.timer is not None:
            self._cut.timer.cancel()
            self._cut.timer = None
        self._writer.transport.abort()
        self.on_end()
        self._fail_owed(HungUp("the channel is gone, or has left this session"))

    def _fail_owed(self, error: AgiError) -> None:
        while self._owed:
            future = self._owed.popleft().future
            if future is not None and not future.done():
                future.set_exception(error)
        self._nothing_owed.set()


def _known(value: str) -> str:
    return "" if value == "unknown" else value


def _digit_of(reply: AgiReply) -> str:
    return chr(reply.result) if 0 < reply.result < 128 else ""


def _resolve(owed: _Owed, heard: Heard) -> None:
    if owed.future is not None and not owed.future.done():
        owed.future.set_result(heard)
