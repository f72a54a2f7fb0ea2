"""What the call flows stand by: facts that ivr writes to its own journal.

Like acd's facts they are immutable, their wire name is the class name, and times are milliseconds since the
epoch. The end of a contact is never among them: only acd writes that.
"""

from __future__ import annotations

from dataclasses import dataclass

from acd.core.facts import Fact


@dataclass(frozen=True, slots=True)
class FlowStarted(Fact):
    """A caller entered a flow. resumed: ivr was away in the middle and the caller was asked for again."""

    contact: str
    number: str  # the hotline number dialled
    flow: str
    language: str
    open: bool
    resumed: bool
    settings_version: int


@dataclass(frozen=True, slots=True)
class CallerClosed(Fact):
    """The caller came out of hours. next_opening_ms: 0 when there is none for a year."""

    contact: str
    flow: str
    hours: str
    next_opening_ms: int


@dataclass(frozen=True, slots=True)
class MenuChosen(Fact):
    """The caller left a menu. digit: "" when every try failed; tries counts from 1; go is where it led."""

    contact: str
    flow: str
    menu: str
    digit: str
    tries: int
    go: str


@dataclass(frozen=True, slots=True)
class FlowEnded(Fact):
    """The caller left the flow. next: queue, voicemail, hangup; "" when the caller hung up.

    outcome: closed, message, refused (the flow ended the call without an answer), hung_up, queued.
    """

    contact: str
    flow: str
    outcome: str
    next: str
    queue: str
    needs: str
    priority: int
    language: str


@dataclass(frozen=True, slots=True)
class MessageLeft(Fact):
    """The caller spoke a message. path is below the voice-messages folder; sha256 is of the whole file."""

    contact: str
    number: str
    language: str
    path: str
    length_ms: int
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class CallbackTalked(Fact):
    """A waiting caller was asked for a number to be called back at.

    how: agreed, back (to the line, by key), silent, refused (no number that may be called), hung_up, lost
    (ivr ended). typed: numbers asked for, besides the caller's own; refusals: why, one per number that was
    refused (`acd.core.callback_numbers.REFUSALS`). No number is told.
    """

    contact: str
    queue: str
    how: str
    typed: int
    refusals: list[str]


@dataclass(frozen=True, slots=True)
class SurveyAnswered(Fact):
    """The caller was asked how the call went. satisfaction: 1..5, 0 when there was no valid answer."""

    contact: str
    queue: str
    satisfaction: int
