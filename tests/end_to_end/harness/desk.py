"""What an agent does with the phone besides talking: feature codes."""

from __future__ import annotations

from harness.call import Call
from harness.phone import Phone

LIMIT_S = 20.0


class Desk:
    """An agent at a phone. The codes are those of the dialplan's `from-phone`."""

    def __init__(self, phone: Phone, number: str, pin: str) -> None:
        self.phone, self.number, self._pin = phone, number, pin

    async def log_in(self, *, pin: str | None = None) -> Call:
        """*11, number and PIN; hangs up when the server does, or (with a wrong PIN) after the refusal."""
        call = await self.phone.call("*11").answered(within_s=LIMIT_S)
        await call.rtp.hears_sound(within_s=LIMIT_S)
        await call.send_digits(f"{self.number}#", length_s=0.08, pause_s=0.06)
        await call.send_digits(f"{self._pin if pin is None else pin}#", length_s=0.08, pause_s=0.06)
        if pin is None:
            await call.ended(within_s=LIMIT_S)
        return call

    async def ready(self) -> None:
        """*13"""
        await self.code("*13")

    async def not_ready(self, reason: str = "1") -> None:
        """*14 and the reason's digit"""
        await self.code(f"*14{reason}")

    async def finish_work(self) -> None:
        """*15: after-contact work ends early"""
        await self.code("*15")

    async def log_out(self) -> None:
        """*12"""
        await self.code("*12")

    async def code(self, code: str) -> None:
        """Dial a code and listen until the server hangs up."""
        call = await self.phone.call(code).answered(within_s=LIMIT_S)
        await call.ended(within_s=LIMIT_S)
