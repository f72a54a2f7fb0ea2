"""What can go wrong between us and Asterisk, as one tree.

    TelephonyError
    ├── InputRefused               we refuse to send it: hostile, too long, not allowed (also a ValueError)
    ├── AmiError
    │   ├── AmiUnavailable         there is no link now; nothing was sent
    │   ├── AmiOverloaded          too much is under way already; nothing was sent
    │   ├── AmiLost                the link went down before the answer: whether it was done is not known
    │   ├── AmiTimedOut            no answer within the limit: whether it was done is not known
    │   └── AmiRefused             Asterisk answered "Error"; nothing was done
    └── AgiError
        ├── HungUp                 the channel is gone, or has left us (transfer, redirect)
        ├── AgiTimedOut            no answer within the limit; the session is closed if it was waiting for one
        ├── AgiRefused             Asterisk does not know the command, its use, or the application
        ├── AgiFailed              Asterisk answered -1 though the channel lives (no such sound, for example)
        ├── AgiGarbled             the answer is no AGI answer; the session is closed
        └── AgiHeadersRefused      what a peer sent first is no AGI session of ours; `reason` is countable

Nothing here carries a caller's number or name. This module must not know the protocols themselves.
"""

from __future__ import annotations


class TelephonyError(Exception):
    """Base of all errors of this room."""


class InputRefused(TelephonyError, ValueError):
    """We refuse to send this to Asterisk; the text names place, value and what is allowed."""


class AmiError(TelephonyError):
    """Base of all errors of the AMI link."""


class AmiUnavailable(AmiError):
    """There is no link to Asterisk now; nothing was sent."""


class AmiOverloaded(AmiError):
    """Too many actions, or too many bytes, are under way already; nothing was sent."""


class AmiLost(AmiError):
    """The link went down before the answer came: whether the action was done is not known."""


class AmiTimedOut(AmiError):
    """No answer within the limit: whether the action was done is not known. It is never sent again."""


class AmiRefused(AmiError):
    """Asterisk answered the action with an error; `message` is its own text."""

    def __init__(self, action: str, message: str) -> None:
        super().__init__(f"Asterisk refused {action}: {message or 'no reason given'}")
        self.action = action
        self.message = message


class AgiError(TelephonyError):
    """Base of all errors of AGI sessions."""


class HungUp(AgiError):
    """The channel is gone, or it has left this session; nothing more can be asked of it here."""


class AgiTimedOut(AgiError):
    """Asterisk did not answer a command within its limit."""


class AgiRefused(AgiError):
    """Asterisk does not know the command, its use, or the application."""


class AgiFailed(AgiError):
    """Asterisk could not carry out the command, though the channel lives."""


class AgiGarbled(AgiError):
    """Something that is no AGI answer came instead of one."""


class AgiHeadersRefused(AgiError):
    """A connection did not begin as an AGI session of ours; `reason` is one of a few words, for counting."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
