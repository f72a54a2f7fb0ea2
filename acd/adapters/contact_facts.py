"""Facts of a contact that only Asterisk knows: who called, what it heard, how it ended. No rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from acd.adapters.whence import Whence
from acd.core.facts import CallerIdentified, ContactEnded, ContactStarted, MediaMeasured
from acd.core.media import parse_quality
from acd.engine import Engine

DIGITS_OF_SATISFACTION = frozenset("12345")


class ContactFacts:
    """Records them, at the engine's time."""

    def __init__(self, engine: Engine, caller_reference: Callable[[str], str]) -> None:
        self._engine = engine
        self._caller_reference = caller_reference

    def started(self, contact: str, number: str, whence: Whence, name: str = "") -> None:
        """The contact begins; `number` and `name` are the caller's, kept by a reference from now on."""
        now_ms = self._engine.clock.now_ms()
        reference = self._caller_reference(number) if number else ""
        self._engine.record(
            ContactStarted(
                at_ms=now_ms,
                contact=contact,
                number=whence.number,
                trunk=whence.trunk,
                direct=whence.direct,
                caller=reference,
            )
        )
        if reference:
            self._engine.record(CallerIdentified(at_ms=now_ms, caller=reference, number=number, name=name))

    def ended(self, contact: str, stage: str, hung_up_by: str, cause: int, words: Mapping[str, str]) -> None:
        """The contact is over; `words` are the dialplan's last ones, which may be none."""
        digit = words.get("Satisfaction", "")
        self._engine.record(
            ContactEnded(
                at_ms=self._engine.clock.now_ms(),
                contact=contact,
                stage=stage,
                outcome=words.get("Outcome", ""),
                hung_up_by=hung_up_by,
                cause=cause,
                reason="",
                satisfaction=int(digit) if digit in DIGITS_OF_SATISFACTION else 0,
                survey_asked=words.get("Survey") == "1",
            )
        )

    def media(self, message: Mapping[str, str]) -> None:
        """A leg's loss, jitter and round trip, as Asterisk counted them."""
        quality = parse_quality(message.get("Quality", ""))
        self._engine.record(
            MediaMeasured(
                at_ms=self._engine.clock.now_ms(),
                contact=message.get("Contact", ""),
                segment=message.get("Offer", ""),
                side=message.get("Side", ""),
                codec=message.get("Codec", "").strip("()"),
                rx_packets=quality.rx_packets,
                tx_packets=quality.tx_packets,
                rx_loss=quality.rx_loss,
                tx_loss=quality.tx_loss,
                rx_jitter_ms=quality.rx_jitter_ms,
                tx_jitter_ms=quality.tx_jitter_ms,
                rtt_ms=quality.rtt_ms,
            )
        )
