"""The names of our channel variables: what of a contact lives in Asterisk and so survives us.

Dialplan (`asterisk-conf/extensions.conf`) and code meet here. This module must not know who uses a name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

# On the caller's channel.
CONTACT: Final = "HL_CONTACT"  # = accountcode = the first UNIQUEID; also on agents' legs
STAGE: Final = "HL_STAGE"  # one of STAGES
LANGUAGE: Final = "HL_LANG"  # zh, en; also CHANNEL(language)
NUMBER: Final = "HL_NUMBER"  # the hotline number dialled
TRUNK: Final = "HL_TRUNK"
DIRECT: Final = "HL_DIRECT"  # 0, 1
QUEUE: Final = "HL_QUEUE"
NEEDS: Final = "HL_NEEDS"  # chosen by the caller, besides the queue's own
PREFER: Final = "HL_PREFER"  # agents' numbers and teams' names, see joined
PRIORITY: Final = "HL_PRIORITY"
ENTRY: Final = "HL_ENTRY"  # which queueing of the contact, from 1
WAIT_SINCE: Final = "HL_WAIT_SINCE"  # ms since the epoch
AIM: Final = "HL_AIM"  # transferred to this agent
PLACE: Final = "HL_PLACE"  # transferred: ms since the epoch, when the wait before the transfer began
FALLBACK: Final = "HL_FALLBACK"  # transferred to another queue: the one to go back to if that refuses
VERDICT: Final = "HL_VERDICT"  # of digits entered before this entry: ENTRY-verified, ENTRY-failed
LOST_SINCE: Final = "HL_LOST_SINCE"  # s since the epoch: since when the dialplan asks us in vain
NEXT: Final = "HL_NEXT"  # one of NEXT_STEPS; empty: our side died
GO: Final = "HL_GO"  # where next, within what NEXT says: a queue's name, a prompt, a number
START: Final = "HL_START"  # a go form at which the flow begins; empty: at its own start
CALLBACK: Final = "HL_CALLBACK"  # the number to be called back, as dialled; told to no log and no fact
CALLBACK_SAID: Final = "HL_CALLBACK_SAID"  # acd's answer: taken, open, limit, refused
OUTCOME: Final = "HL_OUTCOME"
OUTCOME_BEFORE: Final = "HL_OUTCOME_BEFORE"  # what it was before a voice message was begun
SPOKEN_SINCE: Final = "HL_SPOKEN_SINCE"  # ms since the epoch: a voice message was begun
SATISFACTION: Final = "HL_SATISFACTION"  # 1..5
SURVEY: Final = "HL_SURVEY"  # 0, 1: was the caller asked?

# On a line that waits in the place of a person who is to be called back (extensions.conf, callback-line).
REACHED: Final = "HL_REACHED"  # "", dialling, answered, yes, left (the agent did), or Dial's status

# On agents' legs, beside CONTACT.
OFFER: Final = "HL_OFFER"
LEG: Final = "HL_LEG_"  # with a phone's name: its offer, where several phones ring at once

STAGES: Final = ("arrived", "flow", "waiting", "connected", "survey", "fallback", "ended")
NEXT_STEPS: Final = (
    "queue",
    "moved",
    "survey",
    "message",
    "outside",
    "voicemail",
    "hangup",
    "flow",
    "enter",
    "callback-talk",
    "callback",
    "callback-rest",
)

IN_EVENTS: Final = (OFFER, STAGE)
"""manager.conf `channelvars`: these come with every message about a channel, each at a price."""


def inherited(name: str) -> str:
    """The name under which to set a variable that the next dialled leg shall get too.

    Source: Asterisk channel variable inheritance, one leading underscore: one generation.
    """
    return f"_{name}"


def joined(names: Iterable[str]) -> str:
    """Agents' numbers and teams' names as one variable's text; "-" is in no name, nor special in dialplan."""
    return "-".join(names)


def split(text: str) -> tuple[str, ...]:
    """The names of such a text."""
    return tuple(name for name in text.split("-") if name)
