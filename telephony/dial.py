"""What Dial is told: whom to ring, how long, and what happens around the answer.

Every part is checked against what it may be, because Dial's text has no quoting: a comma, a bracket or an
ampersand in a name would become another option, another phone. This module must not know whom to ring or why.
Source: Asterisk 22, application documentation of Dial; app_dial.c.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from telephony.errors import InputRefused

MOST_PHONES = 50
LONGEST_RING_MS = 3_600_000

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
_SOUND = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]{0,255}", re.ASCII)
_ARGUMENT = re.compile(r"[A-Za-z0-9_./:@+*#-]{0,255}", re.ASCII)
_NUMBER = re.compile(r"[0-9*#+]{1,32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class DialOptions:
    """What Dial does besides ringing. Prompts are sound names without suffix.

    go_on (g): the caller's session goes on after the other side has hung up. music (m): this class instead of
    a ringing tone. announce_to_agent, announce_to_caller (A): played at the answer, to both at once.
    subroutine (U): context and arguments of a Gosub on the answered leg, before the two are joined.
    before_ringing (b): the same on each new leg, before it rings. after_caller (F): the context where the
    answered leg goes on, at extension s, when the caller hangs up. limit_s (S): hangs up so long after the
    answer; 0: never. codes (t): the answered side may transfer by codes (features.conf). presented (f): the
    number that the called person sees, in place of the caller's, which the caller's channel keeps.
    """

    go_on: bool = False
    music: str | None = None
    announce_to_agent: str = ""
    announce_to_caller: str = ""
    subroutine: tuple[str, ...] = ()
    before_ringing: tuple[str, ...] = ()
    after_caller: str = ""
    answer_caller: bool = False
    limit_s: int = 0
    codes: bool = False
    presented: str = ""

    def text(self) -> str:
        """Dial's third argument; raises InputRefused for a part that may not stand there."""
        parts: list[str] = []
        if self.before_ringing:
            context, *arguments = self.before_ringing
            parts.append(f"b({_checked('context', _NAME, context)}^s^1{_bracketed(arguments)})")
        if self.music is not None:
            parts.append(f"m({_checked('music', _NAME, self.music)})")
        if self.announce_to_agent or self.announce_to_caller:
            agent = self.announce_to_agent and _checked("sound", _SOUND, self.announce_to_agent)
            caller = self.announce_to_caller and _checked("sound", _SOUND, self.announce_to_caller)
            parts.append(f"A({agent}:{caller})" if caller else f"A({agent})")
        if self.subroutine:
            context, *arguments = self.subroutine
            words = [_checked("context", _NAME, context), *_checked_arguments(arguments)]
            parts.append(f"U({'^'.join(words)})")
        if self.after_caller:
            parts.append(f"F({_checked('context', _NAME, self.after_caller)}^s^1)")
        if self.answer_caller:
            parts.append("a")
        if self.codes:
            parts.append("t")
        if self.presented:
            parts.append(f"f({_checked('presented', _NUMBER, self.presented)})")
        if self.limit_s:
            parts.append(f"S({int(self.limit_s)})")
        if self.go_on:
            parts.append("g")
        return "".join(parts)


def dial_arguments(phones: str | Sequence[str], ring_ms: int, options: DialOptions) -> tuple[str, str, str]:
    """Dial's arguments: ring these phones (names of SIP accounts of ours) at once, for ring_ms."""
    names = [phones] if isinstance(phones, str) else list(phones)
    if not 0 < len(names) <= MOST_PHONES:
        raise InputRefused(f"Dial: {len(names)} phones, 1 to {MOST_PHONES} are allowed")
    if not 0 < ring_ms <= LONGEST_RING_MS:
        raise InputRefused(f"Dial: {ring_ms} ms of ringing, 1 to {LONGEST_RING_MS} are allowed")
    return "&".join(phone_endpoint(name) for name in names), f"{ring_ms / 1000:.3f}", options.text()


def trunk_arguments(number: str, trunk: str, ring_s: int, options: DialOptions) -> tuple[str, str, str]:
    """Dial's arguments: an outside number over a trunk of ours, ringing for so many seconds."""
    return trunk_endpoint(number, trunk), str(ring_s), options.text()


def phone_endpoint(name: str) -> str:
    """The dial string of a phone of ours."""
    return f"PJSIP/{_checked('phone', _NAME, name)}"


def trunk_endpoint(number: str, trunk: str) -> str:
    """The dial string of an outside number over a trunk of ours."""
    return f"PJSIP/{_checked('number', _NUMBER, number)}@{_checked('trunk', _NAME, trunk)}"


def _checked(what: str, allowed: re.Pattern[str], value: str) -> str:
    if not allowed.fullmatch(value):
        raise InputRefused(f"Dial, {what}: {value[:64]!r} is refused; allowed is {allowed.pattern}")
    return value


def _checked_arguments(arguments: Sequence[str]) -> list[str]:
    return [_checked("argument", _ARGUMENT, argument) for argument in arguments]


def _bracketed(arguments: Sequence[str]) -> str:
    return f"({'^'.join(_checked_arguments(arguments))})" if arguments else ""
