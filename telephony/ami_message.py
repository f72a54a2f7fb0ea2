"""A message of Asterisk's manager interface as a mapping that keeps repeated headers.

panoramisk folds a header that comes twice into a list; here a header's value is always text (the first one
that came), and `every` gives them all. Header names are compared without regard to case.
This module must not know connections.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from panoramisk.message import Message

_PANORAMISKS_OWN = "content"  # output of console commands, in every message; we run none


class AmiMessage(Mapping[str, str]):
    """One response or event. Values are as Asterisk wrote them: untrusted text."""

    __slots__ = ("_message",)

    def __init__(self, message: Message) -> None:
        self._message = message

    @classmethod
    def parse(cls, text: str) -> AmiMessage | None:
        """Read the lines of one message, without the empty line; None if it is neither response nor event."""
        message = Message.from_line(text)
        return None if message is None else cls(message)

    def __getitem__(self, name: str) -> str:
        value = self._message[name]
        return value[0] if isinstance(value, list) else value  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._message if name != _PANORAMISKS_OWN)

    def __len__(self) -> int:
        return len(self._message) - 1

    def every(self, name: str) -> tuple[str, ...]:
        """All values of a header, in the order they came; empty if there is none."""
        value = self._message.get(name)
        if value is None:
            return ()
        return tuple(value) if isinstance(value, list) else (value,)

    @property
    def is_tampered(self) -> bool:
        """Whether a header comes twice of which Asterisk writes one: a caller has written a line end into a
        value and a header behind it."""
        return any(
            isinstance(value, list) and "variable" not in name.lower()
            for name, value in self._message.items()
        )


def every_value(message: Mapping[str, str], name: str) -> tuple[str, ...]:
    """`AmiMessage.every` for any mapping: a plain one has at most one value."""
    if isinstance(message, AmiMessage):
        return message.every(name)
    return (message[name],) if name in message else ()
