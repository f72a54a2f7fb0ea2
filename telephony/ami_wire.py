"""What may be sent over AMI: actions as checked lines, and where an Originate may lead.

Asterisk takes a bare line feed as a line end, splits `Variable` at commas, cuts lines and drops headers over
its limits. All of that is refused here before anything is sent. Nobody may choose an application: an
Originate or Redirect leads only to a context and extension of an allow-list (CVE-2024-42365 made code
execution of it).
This module must not know connections. Source: Asterisk 22, manager.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from telephony.errors import InputRefused

LONGEST_LINE = 1_024  # bytes with line end
MOST_HEADERS = 128  # with Action and ActionID
MOST_VARIABLES = 64

Fields = Mapping[str, str] | Sequence[tuple[str, str]]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}", re.ASCII)
_NUMBER = re.compile(r"[0-9*#+]{1,32}", re.ASCII)
_VARIABLE = re.compile(r"_{0,2}[A-Za-z][A-Za-z0-9_]{0,79}=[^,\"\\]*", re.ASCII)
_PHONE = re.compile(r"PJSIP/[A-Za-z0-9_.-]{1,64}", re.ASCII)
_OUTSIDE = re.compile(r"PJSIP/[0-9*#+]{1,32}@[A-Za-z0-9_.-]{1,64}", re.ASCII)
_LOCAL = re.compile(r"Local/(?P<exten>[^@/]{1,80})@(?P<context>[^@/]{1,80})(?:/[nj]+)?", re.ASCII)
_OURS_TO_SET = frozenset({"action", "actionid"})
_LEADING = frozenset({"originate", "redirect", "blindtransfer", "atxfer"})
_PLACES = (("Context", "Exten"), ("ExtraContext", "ExtraExten"))


@dataclass(frozen=True, slots=True)
class Destination:
    """A place in the dialplan where an Originate or Redirect may lead; exten "" means any dialled number."""

    context: str
    exten: str = ""

    def admits(self, context: str, exten: str) -> bool:
        """Whether this place in the dialplan is meant."""
        if context != self.context:
            return False
        return exten == self.exten if self.exten else _NUMBER.fullmatch(exten) is not None


def checked_action(
    name: str, fields: Fields, destinations: Iterable[Destination] = ()
) -> list[tuple[str, str]]:
    """The fields of an action, checked; `Async` is added to an Originate. Raises InputRefused."""
    if not _NAME.fullmatch(name):
        raise InputRefused(f"AMI action {name[:64]!r}: a name of letters, digits and - is allowed")
    pairs = list(fields.items()) if isinstance(fields, Mapping) else list(fields)
    for header, value in pairs:
        _check_line(name, header, value)
    places = tuple(destinations)
    if name.lower() in _LEADING:
        _check_places(name, pairs, places)
    if name.lower() == "originate":
        pairs = _checked_originate(pairs, places)
    if len(pairs) + 2 > MOST_HEADERS:
        raise InputRefused(f"AMI {name}: {len(pairs) + 2} headers, at most {MOST_HEADERS} are allowed")
    return pairs


def _check_line(name: str, header: str, value: str) -> None:
    if not _NAME.fullmatch(header) or header.lower() in _OURS_TO_SET:
        raise InputRefused(f"AMI {name}: {header[:64]!r} may not be a header's name here")
    if any(hostile in value for hostile in "\r\n\0"):
        raise InputRefused(f"AMI {name}, {header}: the value holds a line end or NUL")
    try:
        size = len(f"{header}: {value}\r\n".encode())
    except UnicodeEncodeError as error:
        raise InputRefused(f"AMI {name}, {header}: lone surrogates cannot be sent") from error
    if size > LONGEST_LINE:
        raise InputRefused(f"AMI {name}, {header}: {size} bytes, at most {LONGEST_LINE} are allowed")


def _check_places(name: str, pairs: list[tuple[str, str]], places: tuple[Destination, ...]) -> None:
    values = _single_values(name, pairs)
    for context_header, exten_header in _PLACES:
        context, exten = values.get(context_header.lower()), values.get(exten_header.lower())
        if context is None and exten is None and context_header != "Context":
            continue
        if not any(place.admits(context or "", exten or "") for place in places):
            raise InputRefused(
                f"AMI {name}: {context_header} {context!r}, {exten_header} {exten!r} is not allowed; "
                f"allowed are {[(place.context, place.exten or 'any number') for place in places]}"
            )


def _single_values(name: str, pairs: list[tuple[str, str]]) -> dict[str, str]:
    values: dict[str, str] = {}
    for header, value in pairs:
        if header.lower() in values and header.lower() != "variable":
            raise InputRefused(f"AMI {name}: {header} is given twice")
        values[header.lower()] = value
    return values


_ORIGINATE_HEADERS = frozenset(
    {
        *("channel", "context", "exten", "priority", "timeout", "callerid", "variable", "account", "async"),
        *("earlymedia", "codecs", "channelid", "otherchannelid"),
    }
)


def _checked_originate(
    pairs: list[tuple[str, str]], places: tuple[Destination, ...]
) -> list[tuple[str, str]]:
    values = _single_values("Originate", pairs)
    for header in values:
        if header not in _ORIGINATE_HEADERS:
            raise InputRefused(f"AMI Originate: header {header!r} is not allowed")
    channel = values.get("channel", "")
    local = _LOCAL.fullmatch(channel)
    if local is not None:
        allowed = any(place.admits(local["context"], local["exten"]) for place in places)
    else:
        allowed = bool(_PHONE.fullmatch(channel) or _OUTSIDE.fullmatch(channel))
    if not allowed:
        raise InputRefused(
            f"AMI Originate, Channel: {channel[:80]!r} is not allowed; PJSIP/PHONE, PJSIP/NUMBER@TRUNK and "
            "Local/EXTEN@CONTEXT of an allowed destination are"
        )
    if not values.get("priority", "").isdecimal():
        raise InputRefused(f"AMI Originate, Priority: {values.get('priority')!r} is no number")
    given = [value for header, value in pairs if header.lower() == "variable"]
    if len(given) > MOST_VARIABLES:
        raise InputRefused(f"AMI Originate: {len(given)} variables, at most {MOST_VARIABLES} are allowed")
    for variable in given:
        if not _VARIABLE.fullmatch(variable):
            raise InputRefused(
                f"AMI Originate, Variable: {variable[:64]!r} is refused; "
                "NAME=VALUE without comma, quote and backslash is allowed"
            )
    # Without it Asterisk works on nothing else for this link until the call is answered.
    return [pair for pair in pairs if pair[0].lower() != "async"] + [("Async", "true")]
