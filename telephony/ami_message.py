"""AMI messages as mappings of text, which keep repeated headers.

Asterisk repeats a header for every channel variable: a header's value is the first one that came, and `every`
gives them all. Header names are compared without regard to case. Events come by the thousand, so they are
read here and not by panoramisk, which takes three times as long for them; it reads the answers to actions.
This module must not know connections.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar, overload

_PANORAMISKS_OWN = "content"  # output of console commands, in every message it reads; we run none
_Default = TypeVar("_Default")


class AmiMessage(Mapping[str, str]):
    """One response or event. Values are as Asterisk wrote them: untrusted text.

    `is_tampered`: a header comes twice of which Asterisk writes one, so that a caller has written a line end
    into a value and a header behind it.
    """

    __slots__ = ("_headers", "is_tampered")

    def __init__(self, headers: Mapping[str, str | list[str]]) -> None:
        self._headers = {name.lower(): value for name, value in headers.items()}
        self._headers.pop(_PANORAMISKS_OWN, None)
        self.is_tampered = any(
            isinstance(value, list) and "variable" not in name for name, value in self._headers.items()
        )

    @classmethod
    def parse(cls, text: str) -> AmiMessage | None:
        """Read the lines of one message, without the empty line; None if it is neither response nor event."""
        headers: dict[str, str | list[str]] = {}
        is_tampered = False
        for line in text.split("\r\n"):
            name, colon, value = line.partition(": ")
            if not colon:
                continue
            name = name.lower()
            earlier = headers.get(name)
            if earlier is None:
                headers[name] = value
                continue
            if "variable" not in name:
                is_tampered = True
            if isinstance(earlier, list):
                earlier.append(value)
            else:
                headers[name] = [earlier, value]
        if "event" not in headers and "response" not in headers:
            return None
        message = cls.__new__(cls)
        message._headers = headers
        message.is_tampered = is_tampered
        return message

    def __getitem__(self, name: str) -> str:
        value = self._headers[name.lower()]
        return value[0] if isinstance(value, list) else value

    @overload
    def get(self, name: str, /) -> str | None: ...
    @overload
    def get(self, name: str, /, default: str | _Default) -> str | _Default: ...
    def get(self, name: str, /, default: str | _Default | None = None) -> str | _Default | None:
        """The value, or the default. (Mapping's own raises and catches an error for every missing header.)"""
        value = self._headers.get(name.lower())
        if value is None:
            return default
        return value[0] if isinstance(value, list) else value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._headers

    def __iter__(self) -> Iterator[str]:
        """Names in lower case."""
        return iter(self._headers)

    def __len__(self) -> int:
        return len(self._headers)

    def every(self, name: str) -> tuple[str, ...]:
        """All values of a header, in the order they came; empty if there is none."""
        value = self._headers.get(name.lower())
        if value is None:
            return ()
        return tuple(value) if isinstance(value, list) else (value,)


def every_value(message: Mapping[str, str], name: str) -> tuple[str, ...]:
    """`AmiMessage.every` for any mapping: a plain one has at most one value."""
    if isinstance(message, AmiMessage):
        return message.every(name)
    return (message[name],) if name in message else ()
