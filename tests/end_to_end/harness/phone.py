"""A scripted SIP phone in plain Python: one account, any number of calls, its own UDP port.

A caller is a phone without password at a trunk's address; an agent's phone registers. What it does when it
is rung is its `Manner`, or (without one) a test takes the call from `incoming()` and acts itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import TracebackType

from harness import sip
from harness.call import Account, Call
from harness.dialog import Dialog
from harness.sip_socket import Address, SipSocket

MAX_UNFETCHED = 1000


class RegistrationRefused(Exception):
    """The registrar answered with something else than 200."""

    def __init__(self, user: str, status: int, reason: str) -> None:
        super().__init__(f"phone {user}: registration refused: {status} {reason}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Manner:
    """What a phone does when it is rung.

    ring_s: rings so long before the deed. reject: a status (486 busy, 603 declined) instead of an answer;
    0 answers; None rings until the caller gives up. talk_s: hangs up after so long; a function is asked anew
    for each call; None waits for the far side.
    """

    ring_s: float = 0.0
    reject: int | None = 0
    talk_s: float | Callable[[], float] | None = None


NEVER_ANSWERS = Manner(reject=None)
BUSY = Manner(reject=486)
DECLINES = Manner(reject=603)


@dataclass(slots=True)
class Registration:
    """What the registrar granted. done: how many REGISTERs were accepted."""

    expires_s: int = 0
    done: int = 0
    task: asyncio.Task[None] | None = field(default=None, repr=False)


class Phone:
    """Use as `async with Phone("1001", "secret", server=(host, port)) as phone`."""

    def __init__(
        self,
        user: str,
        password: str = "",
        *,
        server: Address,
        address: str = "127.0.0.1",
        port: int = 0,
        tone_hz: int | None = 0,
        codecs: tuple[str, ...] = ("PCMU", "PCMA"),
        manner: Manner | None = None,
        session_expires_s: int = 0,
    ) -> None:
        self.account = Account(user, password, codecs, tone_hz, session_expires_s)
        self.server, self.manner = server, manner
        self.calls: list[Call] = []
        self.registration = Registration()
        self.messages: list[str] = []  # bodies of MESSAGE requests
        self.lamps: dict[str, str] = {}  # what is watched -> the state that the last NOTIFY tells
        self._watched: dict[str, str] = {}  # Call-ID -> what is watched
        self._address, self._port = address, port
        self._incoming: asyncio.Queue[Call] = asyncio.Queue(MAX_UNFETCHED)
        self._socket: SipSocket | None = None
        self._by_call_id: dict[str, Call] = {}

    async def __aenter__(self) -> Phone:
        self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def open(self) -> None:
        """Bind the UDP port; needs a running event loop."""
        self._socket = SipSocket(self._address, self._port, self._hear)

    async def close(self) -> None:
        """End all calls and free the port, as when the plug is pulled: the registration is left to expire."""
        if self.registration.task:
            self.registration.task.cancel()
        for call in self.calls:
            if call.end is None and call.answered_us:
                with contextlib.suppress(TimeoutError):
                    await call.hang_up()
            call.close()
        if self._socket:
            self._socket.close()
            self._socket = None

    @property
    def socket(self) -> SipSocket:
        """The open SIP socket, with the log of all messages."""
        if self._socket is None:
            raise RuntimeError(f"phone {self.account.user} is not open")
        return self._socket

    # ---- registration

    async def register(self, *, expires_s: int = 300, keep: bool = True) -> None:
        """Register, and (keep) again at half of the granted time. Raises RegistrationRefused."""
        await self._register(expires_s)
        if keep and self.registration.task is None and expires_s:
            self.registration.task = asyncio.get_running_loop().create_task(self._keep_registered(expires_s))

    async def unregister(self) -> None:
        """Take the registration back."""
        if self.registration.task:
            self.registration.task.cancel()
            self.registration.task = None
        await self._register(0)

    async def _keep_registered(self, expires_s: int) -> None:
        while True:
            await asyncio.sleep(max(1.0, self.registration.expires_s / 2))
            with contextlib.suppress(RegistrationRefused):  # tried again: the server may be restarting
                await self._register(expires_s)

    async def _register(self, expires_s: int) -> None:
        host, port = self.server
        user = self.account.user
        dialog = self._dialog(f"<sip:{user}@{host}>", f"<sip:{user}@{host}>", f"sip:{host}:{port}")
        request = dialog.request("REGISTER", extra=[("Expires", str(expires_s))])
        response = await dialog.ask(request, user=user, password=self.account.password)
        if response.status != 200:
            raise RegistrationRefused(user, response.status, response.reason)
        granted = sip.parameter(response.header("Contact"), "expires") or response.header("Expires")
        self.registration.expires_s = int(granted) if granted.isdigit() else expires_s
        self.registration.done += 1

    # ---- lamps

    async def watch(self, lamp: str) -> None:
        """Subscribe to a lamp (SIP event "dialog", RFC 4235); `lamps` holds what it shows."""
        host, port = self.server
        dialog = self._dialog(
            f"<sip:{self.account.user}@{host}>", f"<sip:{lamp}@{host}>", f"sip:{lamp}@{host}:{port}"
        )
        self._watched[dialog.call_id] = lamp
        wants = [("Event", "dialog"), ("Accept", "application/dialog-info+xml"), ("Expires", "300")]
        request = dialog.request("SUBSCRIBE", extra=wants)
        response = await dialog.ask(request, user=self.account.user, password=self.account.password)
        if response.status != 200:
            raise RegistrationRefused(lamp, response.status, response.reason)

    def _be_notified(self, notify: sip.Message) -> None:
        lamp = self._watched.get(notify.call_id)
        state = re.search(r"<state>(\w+)</state>", notify.body)
        if lamp is not None and state is not None:
            self.lamps[lamp] = state.group(1)

    # ---- calls

    def call(
        self,
        number: str,
        *,
        caller: str | None = None,
        name: str = "",
        tone_hz: int | None = None,
        extra: list[tuple[str, str]] | None = None,
    ) -> Call:
        """Start calling a number; returns at once. caller and name replace the account's in From."""
        host, port = self.server
        shown = f'"{name}" ' if name else ""
        local = f"{shown}<sip:{caller or self.account.user}@{self.socket.address[0]}>"
        dialog = self._dialog(local, f"<sip:{number}@{host}:{port}>", f"sip:{number}@{host}:{port}")
        account = self.account if tone_hz is None else replace(self.account, tone_hz=tone_hz)
        call = Call(account, dialog)
        self._add(call)
        call.start(extra=extra)
        return call

    async def dial(self, number: str, *, digits: str = "", within_s: float = 10.0) -> Call:
        """Call a feature code, press digits once it is answered, and wait until it is over."""
        call = self.call(number)
        await call.answered(within_s=within_s)
        if digits:
            await call.rtp.hears_sound(within_s=within_s)
            await call.send_digits(digits)
        await call.ended(within_s=within_s)
        return call

    async def incoming(self, *, within_s: float = 5.0) -> Call:
        """The next call that rings this phone (each once). Raises TimeoutError."""
        try:
            async with asyncio.timeout(within_s):
                return await self._incoming.get()
        except TimeoutError:
            raise TimeoutError(f"phone {self.account.user} was not rung within {within_s} s") from None

    @property
    def unfetched(self) -> int:
        """How many calls rang that nobody took from `incoming()`."""
        return self._incoming.qsize()

    def _dialog(self, local: str, remote: str, target: str) -> Dialog:
        return Dialog(
            self.socket,
            self.server,
            call_id=secrets.token_hex(12),
            local=f"{local};tag={secrets.token_hex(6)}",
            remote=remote,
            target=target,
            user=self.account.user,
        )

    def _add(self, call: Call) -> None:
        self.calls.append(call)
        self._by_call_id[call.dialog.call_id] = call

    def _hear(self, request: sip.Message, source: Address, at_us: int) -> None:
        call = self._by_call_id.get(request.call_id)
        if call:
            call.hear_request(request, at_us)
        elif request.method == "INVITE" and not sip.parameter(request.header("To"), "tag"):
            self._be_rung(request, source, at_us)
        elif request.method != "ACK":
            known = request.method in ("OPTIONS", "NOTIFY", "MESSAGE")
            if request.method == "MESSAGE":
                self.messages.append(request.body)
            self._be_notified(request)
            status = (200, "OK") if known else (481, "Call/Transaction Does Not Exist")
            self._answering(request, source).answer(request, *status)

    def _answering(self, request: sip.Message, source: Address) -> Dialog:
        """The dialog that a request from the far side opens."""
        local = request.header("To")
        if not sip.parameter(local, "tag"):
            local += f";tag={secrets.token_hex(6)}"
        remote = request.header("From")
        target = sip.address_uri(request.header("Contact")) or sip.address_uri(remote)
        return Dialog(
            self.socket,
            source,
            call_id=request.call_id,
            local=local,
            remote=remote,
            target=target,
            user=self.account.user,
        )

    def _be_rung(self, invite: sip.Message, source: Address, at_us: int) -> None:
        call = Call(self.account, self._answering(invite, source), invite)
        call.invited_us = at_us
        self._add(call)
        manner = self.manner
        if self._incoming.full():  # only a load generator leaves so many: it looks at `calls`
            self._incoming.get_nowait()
        self._incoming.put_nowait(call)
        call.ring()
        if manner is not None:
            call.spawn(_behave(call, manner))


async def _behave(call: Call, manner: Manner) -> None:
    if manner.ring_s:
        await asyncio.sleep(manner.ring_s)
    if manner.reject is None:
        return
    if manner.reject:
        call.reject(manner.reject, "Busy Here" if manner.reject == 486 else "Decline")
        return
    call.answer()
    if manner.talk_s is not None:
        await asyncio.sleep(manner.talk_s() if callable(manner.talk_s) else manner.talk_s)
        if call.talking:
            await call.hang_up()
