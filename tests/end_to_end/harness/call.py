"""One call of a phone: a SIP dialog and its audio.

What a test awaits: `ringing`, `answered`, `ended`. What it does: `answer`, `reject`, `hang_up`,
`send_digits`, `hold`, `unhold`, `refresh`, `refer`. All waits have a limit; their error names the call.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from harness import sip
from harness.dialog import Dialog, q850_cause
from harness.rtp import RtpPort
from harness.sdp import Audio, read_sdp, write_sdp
from harness.waiting import until


class CallFailed(Exception):
    """The call ended, or the far side refused, before what was waited for came."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who the phone is, and what it speaks. tone_hz: what it says; 0 is silence, None no audio at all."""

    user: str
    password: str = ""
    codecs: tuple[str, ...] = ("PCMU", "PCMA")
    tone_hz: int | None = 0
    session_expires_s: int = 0  # asks for session timers (RFC 4028) when above 0


@dataclass(frozen=True, slots=True)
class End:
    """How a call ended.

    by: us, far. status: of a refused INVITE (487 after CANCEL), else 0. cause: Q.850, 0 if none was given.
    """

    by: str
    status: int
    cause: int
    at_us: int


class Call:
    """Made by `Phone.call` (outgoing) or by a phone that is rung (incoming, with the INVITE that rang it)."""

    def __init__(self, account: Account, dialog: Dialog, invite: sip.Message | None = None) -> None:
        self.account, self.dialog = account, dialog
        self.outgoing = invite is None
        self.invite = invite or sip.Message()
        self.rtp = RtpPort(dialog.socket.address[0], tone_hz=account.tone_hz)
        self.far_audio: Audio | None = None
        self.invited_us = self.ringing_us = self.answered_us = 0  # µs since the epoch, 0: not yet
        self.end: End | None = None
        self.info_digits = ""  # heard
        self.refreshes = 0  # re-INVITEs and UPDATEs from the far side
        self.transfer_progress: list[int] = []  # statuses told by NOTIFY after our REFER
        self._progress = asyncio.Condition()
        self._session, self._version = random.randrange(1 << 31), 0
        self._direction = "sendrecv"
        self._provisional = self._cancel_wanted = False
        self._acknowledged = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def __str__(self) -> str:
        way = "to" if self.outgoing else "from"
        return f"call of {self.account.user} {way} {sip.address_uri(self.dialog.remote)}"

    # ---- what a test waits for

    @property
    def talking(self) -> bool:
        """Answered and not ended."""
        return self.answered_us > 0 and self.end is None

    async def ringing(self, *, within_s: float = 5.0) -> Call:
        """Wait until it rings (180), has early media (183) or is answered."""
        await self._until(lambda: self.ringing_us > 0 or self.answered_us > 0, "ringing", within_s)
        return self

    async def answered(self, *, within_s: float = 5.0) -> Call:
        """Wait until it is answered. Raises CallFailed when it ends before."""
        await self._until(lambda: self.answered_us > 0, "answer", within_s)
        return self

    async def ended(self, *, within_s: float = 10.0) -> End:
        """Wait until it has ended, for any reason."""
        await self._until(lambda: self.end is not None, "end", within_s)
        assert self.end is not None
        return self.end

    async def transferred(self, *, within_s: float = 5.0) -> int:
        """Wait for the final status of our REFER, as told by NOTIFY."""
        await self._until(lambda: any(s >= 200 for s in self.transfer_progress), "end of transfer", within_s)
        return self.transfer_progress[-1]

    async def _until(self, reached: Callable[[], bool], what: str, within_s: float) -> None:
        try:
            async with asyncio.timeout(within_s), self._progress:
                await self._progress.wait_for(lambda: reached() or self.end is not None)
        except TimeoutError:
            raise TimeoutError(f"{self}: no {what} within {within_s} s") from None
        if not reached():
            raise CallFailed(f"{self}: no {what}, it ended before: {self.end}")

    # ---- what a test does

    def ring(self) -> None:
        """Incoming: tell the far side that we ring (180)."""
        self.ringing_us = self.dialog.answer(self.invite, 180, "Ringing")
        self._moved()

    def answer(self) -> None:
        """Incoming: answer with our audio; nothing when it is answered or over already."""
        if self.end or self.answered_us:
            return
        self.far_audio = read_sdp(self.invite.body)
        self.answered_us = self._accept(self.invite, self._sdp(self._codec()))
        self.rtp.talk_to(self.far_audio, self._codec())
        self._moved()

    def reject(self, status: int = 603, reason: str = "Decline") -> None:
        """Incoming: refuse; 486 is busy, 603 declined, 480 unavailable."""
        if self.end is None and not self.answered_us:
            self._finish(End("us", status, 0, self.dialog.answer(self.invite, status, reason)))

    async def hang_up(self) -> End:
        """BYE; or CANCEL while an outgoing call is not answered, 603 on an incoming one."""
        if self.end is None and self.answered_us:
            self._finish(End("us", 0, 0, self._tell(self.dialog.request("BYE"))))
        elif self.end is None and not self.outgoing:
            self.reject()
        elif self.end is None:
            self._cancel_wanted = True
            if self._provisional:
                self._tell(self.dialog.cancel(self.invite))
        return await self.ended(within_s=5.0)

    async def send_digits(self, digits: str, *, length_s: float = 0.1, pause_s: float = 0.1) -> None:
        """Press keys (RFC 4733) and wait until all have been sent."""
        for digit in digits:
            self.rtp.send_digit(digit, length_s=length_s, pause_s=pause_s)
        limit_s = 2.0 + 2 * len(digits) * (length_s + pause_s)
        await until(
            lambda: self.end is not None or not self.rtp.digits_waiting, f"{self}: digits sent", limit_s
        )

    async def send_info_digits(self, digits: str) -> None:
        """Press keys as SIP INFO. Raises CallFailed when refused."""
        for digit in digits:
            extra = [("Content-Type", "application/dtmf-relay")]
            await self._ask("INFO", 200, body=f"Signal={digit}\r\nDuration=160\r\n", extra=extra)

    async def hold(self) -> None:
        """Put the far side on hold by re-INVITE (sendonly)."""
        await self._reinvite("sendonly")

    async def unhold(self) -> None:
        """Take the far side off hold."""
        await self._reinvite("sendrecv")

    async def refresh(self) -> None:
        """A re-INVITE that changes nothing: a session refresh."""
        await self._reinvite(self._direction)

    async def refer(self, target: str | Call) -> int:
        """Blind transfer to an extension, or attended transfer to where another call of ours leads.

        Returns the status of the REFER, 202 when accepted; `transferred` tells what came of it.
        """
        if isinstance(target, Call):
            other = target.dialog
            tags = f"to-tag%3D{sip.parameter(other.remote, 'tag')}%3Bfrom-tag%3D{other.tag}"
            uri = f"{sip.address_uri(other.remote)}?Replaces={other.call_id}%3B{tags}"
        else:
            host, port = self.dialog.far
            uri = f"sip:{target}@{host}:{port}"
        extra = [("Refer-To", f"<{uri}>"), ("Referred-By", f"<{sip.address_uri(self.dialog.local)}>")]
        request = self.dialog.request("REFER", extra=extra)
        return (await self.dialog.ask(request, user=self.account.user, password=self.account.password)).status

    def close(self) -> None:
        """Tell the far side that it is over, without waiting, and free the audio port."""
        if self.end is None:
            if self.answered_us:
                self._finish(End("us", 0, 0, self._tell(self.dialog.request("BYE"))))
            elif self.outgoing:
                self._finish(End("us", 487, 0, self._tell(self.dialog.cancel(self.invite))))
            else:
                self.reject()
        for task in tuple(self._tasks):
            task.cancel()
        self.rtp.close()

    # ---- an outgoing call

    def start(self, *, extra: list[tuple[str, str]] | None = None) -> None:
        """Send the INVITE and follow it in the background."""
        headers = [("Content-Type", "application/sdp"), *self._timer_headers(), *(extra or [])]
        self.invite = self.dialog.request("INVITE", body=self._sdp(*self.account.codecs), extra=headers)
        self.spawn(self._follow_invite())

    async def _follow_invite(self) -> None:
        dialog, tried_password = self.dialog, False
        answers = dialog.socket.start_request(self.invite, dialog.far)
        self.invited_us = dialog.socket.log[-1].at_us
        while True:
            response = await answers.get()
            if response.status < 200:
                self._hear_provisional(response)
            elif response.status < 300:
                self._hear_success(response)
            else:
                dialog.acknowledge(self.invite, response)
                dialog.socket.forget(self.invite)
                if response.status not in (401, 407) or tried_password or not self.account.password:
                    break
                tried_password = True
                self.invite = dialog.with_password(
                    self.invite, response, self.account.user, self.account.password
                )
                answers = dialog.socket.start_request(self.invite, dialog.far)
            self._moved()
        by = "us" if self._cancel_wanted else "far"
        self._finish(End(by, response.status, q850_cause(response), dialog.socket.log[-1].at_us))

    def _hear_provisional(self, response: sip.Message) -> None:
        if response.status > 100 and not self.answered_us:
            self.ringing_us = self.ringing_us or self.dialog.socket.log[-1].at_us
            if response.body:
                self._hear_audio(response.body)
        if not self._provisional:
            self._provisional = True
            if self._cancel_wanted:
                self._tell(self.dialog.cancel(self.invite))

    def _hear_success(self, response: sip.Message) -> None:
        """The 200; a repeated one only gets its ACK again."""
        dialog = self.dialog
        dialog.remote = response.header("To")
        dialog.target = sip.address_uri(response.header("Contact")) or dialog.target
        ack_us = dialog.socket.send(dialog.request("ACK", sequence=response.cseq[0]), dialog.far)
        if self.answered_us or self.end:
            return
        self._hear_audio(response.body)
        self.answered_us = ack_us
        if self._cancel_wanted:  # our CANCEL crossed the answer
            self._finish(End("us", 0, 0, self._tell(dialog.request("BYE"))))

    # ---- requests from the far side

    def hear_request(self, request: sip.Message, at_us: int) -> None:
        """A request within this dialog, told by the phone with its time of arrival."""
        method = request.method
        if method == "ACK":
            self._acknowledged.set()
            return
        if method == "INVITE":
            self.refreshes += 1
            self._hear_audio(request.body)
            self._acknowledged.clear()
            self._accept(request, self._sdp(self._codec()))
            return
        body = ""
        if method == "UPDATE":
            self.refreshes += 1
            if request.body:
                self._hear_audio(request.body)
                body = self._sdp(self._codec())
        elif method == "INFO":
            signals = [
                line.partition("=")[2] for line in request.body.splitlines() if line.startswith("Signal")
            ]
            self.info_digits += "".join(signal.strip() for signal in signals)
        elif method == "NOTIFY":
            words = request.body.split()
            self.transfer_progress += [int(word) for word in words[1:2] if word.isdigit()]
        elif method not in ("BYE", "CANCEL", "OPTIONS"):
            self.dialog.answer(request, 405, "Method Not Allowed")
            return
        timers = self._timer_headers(request) if method == "UPDATE" else []
        self.dialog.answer(request, 200, "OK", body=body, extra=timers)
        if method == "BYE":
            self._finish(End("far", 0, q850_cause(request), at_us))
        elif method == "CANCEL" and not self.answered_us:
            self.dialog.answer(self.invite, 487, "Request Terminated")
            self._finish(End("far", 487, q850_cause(request), at_us))
        self._moved()

    # ---- parts

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Run something as long as this call is not closed."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _moved(self) -> None:
        async def notify() -> None:
            async with self._progress:
                self._progress.notify_all()

        self.spawn(notify())

    def _finish(self, end: End) -> None:
        if self.end is None:
            self.end = end
            self.rtp.close()
            self._moved()

    def _tell(self, request: sip.Message) -> int:
        """Send a request whose response does not matter, until it has one; returns the time in µs."""
        socket = self.dialog.socket
        answers = socket.start_request(request, self.dialog.far)
        at_us = socket.log[-1].at_us

        async def see_to_it() -> None:
            while (await answers.get()).status < 200:
                pass
            socket.forget(request)

        self.spawn(see_to_it())
        return at_us

    async def _ask(
        self, method: str, least: int, *, body: str = "", extra: list[tuple[str, str]]
    ) -> sip.Message:
        request = self.dialog.request(method, body=body, extra=extra)
        answer = await self.dialog.ask(request, user=self.account.user, password=self.account.password)
        if not least <= answer.status < 300:
            raise CallFailed(f"{self}: {method} refused: {answer}")
        return answer

    async def _reinvite(self, direction: str) -> None:
        self._direction = direction
        codecs = (self._codec(), *(codec for codec in self.account.codecs if codec != self._codec()))
        headers = [("Content-Type", "application/sdp"), *self._timer_headers()]
        answer = await self._ask("INVITE", 200, body=self._sdp(*codecs), extra=headers)
        self._hear_audio(answer.body)

    def _accept(self, request: sip.Message, body: str) -> int:
        """200 to an INVITE, repeated until its ACK comes; returns the time in µs."""
        response = self.dialog.response(request, 200, "OK", body=body, extra=self._timer_headers(request))
        at_us = self.dialog.socket.answer(response, self.dialog.far)

        async def repeat() -> None:
            pause_s = 0.5
            while self.end is None and pause_s < 16:
                try:
                    async with asyncio.timeout(pause_s):
                        await self._acknowledged.wait()
                    return
                except TimeoutError:
                    self.dialog.socket.send(response, self.dialog.far)
                    pause_s *= 2

        self.spawn(repeat())
        return at_us

    def _timer_headers(self, request: sip.Message | None = None) -> list[tuple[str, str]]:
        """Session timers (RFC 4028): asked for, or granted with the refresher left to the far side."""
        if not self.account.session_expires_s:
            return []
        if request is None:
            return [
                ("Supported", "timer"),
                ("Session-Expires", str(self.account.session_expires_s)),
                ("Min-SE", "90"),
            ]
        asked = request.header("Session-Expires").partition(";")[0]
        return [("Supported", "timer"), ("Session-Expires", f"{asked};refresher=uac")] if asked else []

    def _codec(self) -> str:
        """The far side's first codec that we speak; our own first while it has named none."""
        theirs = self.far_audio.codecs if self.far_audio else ()
        return next((codec for codec in theirs if codec in self.account.codecs), self.account.codecs[0])

    def _hear_audio(self, body: str) -> None:
        self.far_audio = read_sdp(body)
        self.rtp.talk_to(self.far_audio, self._codec())

    def _sdp(self, *codecs: str) -> str:
        self._version += 1
        audio = Audio(self.dialog.socket.shown[0], self.rtp.port, codecs, self._direction)
        return write_sdp(audio, session=self._session, version=self._version)
