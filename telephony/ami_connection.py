"""One connection to Asterisk's manager interface: panoramisk's protocol with the guards it lacks.

panoramisk serialises actions, parses messages and finds the action an answer belongs to. Here are the guards:
framing on bytes (a character cut between two TCP segments stays whole), a bound on everything, completion by
the event that ends a list, no sending again, and callbacks that cannot break the link. A connection is used
once: what it owes when it ends fails, and nothing passes on to the next.
This module must not know logins, reconnecting, or what messages mean. See docs/adr/0002-panoramisk-guarded.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from typing import Any, cast

from panoramisk import actions
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from telephony.ami_message import AmiMessage
from telephony.ami_metrics import AmiMetrics
from telephony.errors import AmiError, AmiLost, AmiOverloaded, AmiRefused

logger = logging.getLogger(__name__)

LONGEST_MESSAGE = 262_144  # bytes
MESSAGES_AT_A_TIME = 64  # then other tasks have their turn
MOST_ACTIONS = 1_000  # under way at once
MOST_UNSENT = 1_048_576  # bytes that Asterisk has not taken yet
MOST_LISTED = 100_000  # entries of one list

BANNER = b"Asterisk Call Manager/"
# Events with the ActionID of an action of ours that come long after its answer, and are meant to.
LATE_EVENTS = frozenset({"OriginateResponse"})
ALWAYS_WANTED = frozenset({"FullyBooted", "Shutdown"})


class Request(actions.Action):  # type: ignore[misc]
    """An action under way. `future` gets the list of its messages: the response, then listed events.

    panoramisk guesses from the response's text when an action is complete; here it is the response, or, when
    complete_event is given, that event.
    """

    future: asyncio.Future[list[Message]]

    def __init__(self, name: str, pairs: Sequence[tuple[str, str]], complete_event: str = "") -> None:
        spelled: dict[str, str] = {}
        values: dict[str, list[str]] = {}
        for header, value in pairs:
            values.setdefault(spelled.setdefault(header.lower(), header), []).append(value)
        super().__init__({"Action": name, **values})  # panoramisk writes one line per value
        self._complete_event = complete_event

    def add_message(self, message: Message) -> bool:
        """Take a message with this action's id; True when it was the last."""
        if self.future.done():
            return True
        self.responses.append(message)
        if len(self.responses) > MOST_LISTED:
            self.future.set_exception(AmiOverloaded(f"{self.action}: more than {MOST_LISTED} entries"))
        elif self._is_complete(message):
            self.future.set_result(self.responses)
        return self.future.done()

    def _is_complete(self, message: Message) -> bool:
        if not self._complete_event:
            return True
        if len(self.responses) == 1:
            return not message.success
        return "event" in message and message["event"] == self._complete_event


class AmiConnection(AMIProtocol):  # type: ignore[misc]
    """`on_event` is called for every event, `on_lost` once with the reason when the connection has ended."""

    def __init__(
        self,
        on_event: Callable[[AmiMessage], None],
        on_lost: Callable[[str], None],
        metrics: AmiMetrics,
        wanted: Collection[str] | None = None,
    ) -> None:
        self._on_event = on_event
        self._on_lost = on_lost
        self._metrics = metrics
        self._wanted = (
            None if wanted is None else frozenset(name.encode() for name in {*wanted, *ALWAYS_WANTED})
        )
        self._unread = bytearray()
        self._searched = 0
        self._greeted = False
        self._resting = False
        self._lost = False
        self.responses: dict[str, Request] = {}
        self.closed = True

    # ---- asyncio's side ------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.factory = self  # panoramisk hands events to factory.dispatch
        self.encoding = "utf-8"

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if not self._resting:
            self._work()

    def connection_lost(self, exc: Any) -> None:
        """The connection has ended; panoramisk also calls it with Asterisk's Shutdown event."""
        self.lose("shutdown" if isinstance(exc, Message) else "reset" if exc else "end_of_file")

    # ---- reading -------------------------------------------------------------------------------------

    def _work(self) -> None:
        """Take up to MESSAGES_AT_A_TIME messages, then let the loop breathe: reading rests meanwhile."""
        self._resting = False
        for _ in range(MESSAGES_AT_A_TIME):
            if self._lost or not self._take_one():
                if not self._lost:
                    cast(asyncio.Transport, self.transport).resume_reading()
                return
        self._resting = True
        cast(asyncio.Transport, self.transport).pause_reading()
        asyncio.get_running_loop().call_soon(self._work)

    def _take_one(self) -> bool:
        """Take one message out of what is unread; False when none is whole."""
        if not self._greeted:
            return self._take_banner()
        end = self._unread.find(b"\r\n\r\n", self._searched)
        if end < 0:
            self._searched = max(0, len(self._unread) - 3)
            if len(self._unread) > LONGEST_MESSAGE:
                self.lose("garbled")
            return False
        block = bytes(self._unread[:end])
        del self._unread[: end + 4]
        self._searched = 0
        self._take_block(block)
        return True

    def _take_banner(self) -> bool:
        end = self._unread.find(b"\r\n")
        if not self._unread.startswith(BANNER[: len(self._unread)]) or (end < 0 and len(self._unread) > 256):
            self.lose("garbled")
            return False
        if end < 0:
            return False
        self.version = self._unread[len(BANNER) : end].decode("ascii", "replace")
        del self._unread[: end + 2]
        self._greeted = True
        return True

    def _take_block(self, block: bytes) -> None:
        self._metrics.messages.inc()
        if not block.startswith((b"Event: ", b"Response: ")):
            # Asterisk begins each so; what an empty line of a caller's has cut off an event need not.
            self._metrics.dropped.labels("garbled").inc()
            return
        is_event = block.startswith(b"Event: ") and b"\r\nActionID: " not in block
        if is_event and self._wanted is not None:
            name = block[7:].partition(b"\r\n")[0]
            if name not in self._wanted:
                self._metrics.dropped.labels("unwanted").inc()
                return
        try:
            if is_event:
                self._take_event(block)
                return
            message = Message.from_line(block.decode("utf-8", "replace"))
            if message is None:
                self._metrics.dropped.labels("garbled").inc()
                return
            self.handle_message(message)
        except Exception as error:  # noqa: BLE001
            # One hostile or unforeseen message must cost one message, not the link. The error's text is kept
            # out of the log, for it may quote a caller's name.
            self._metrics.dropped.labels("failed").inc()
            logger.error("ami_message_failed", extra={"error": type(error).__name__, "size": len(block)})

    def _take_event(self, block: bytes) -> None:
        """An event that is no part of an answer: nobody's, so panoramisk need not look for its action."""
        event = AmiMessage.parse(block.decode("utf-8", "replace"))
        if event is None:
            self._metrics.dropped.labels("garbled").inc()
            return
        if event["Event"] == "Shutdown" and not event.is_tampered:
            self.lose("shutdown")
        self._tell(event)

    def dispatch(self, message: Message) -> None:
        """panoramisk calls this for events with an action's id that belong to no action under way."""
        event = AmiMessage(message)
        if "ActionID" in event and event["Event"] not in LATE_EVENTS:
            self._metrics.dropped.labels("late").inc()  # the rest of a list whose time was over
            return
        self._tell(event)

    def _tell(self, event: AmiMessage) -> None:
        if event.is_tampered:
            self._metrics.dropped.labels("tampered").inc()
            logger.warning("ami_event_tampered", extra={"kind": event["Event"][:64]})
            return
        self._on_event(event)

    # ---- writing -------------------------------------------------------------------------------------

    def send(self, data: Request, as_list: bool | None = None) -> asyncio.Future[list[Message]]:
        """Send an action; raises AmiLost or AmiOverloaded when it cannot be. as_list is panoramisk's."""
        if self.closed:
            raise AmiLost(f"{data.action}: the connection has ended")
        transport = cast(asyncio.Transport, self.transport)
        if len(self.responses) >= MOST_ACTIONS and data.action != "Ping":
            raise AmiOverloaded(f"{data.action}: {MOST_ACTIONS} actions are under way already")
        if transport.get_write_buffer_size() > MOST_UNSENT:
            raise AmiOverloaded(f"{data.action}: Asterisk has not taken the last {MOST_UNSENT} bytes")
        self.responses[data.id] = data
        transport.write(str(data).encode("utf-8"))
        return data.future

    def forget(self, request: Request) -> None:
        """Nobody waits for this action any more; what still comes of it is dropped."""
        self.responses.pop(request.id, None)

    # ---- ending --------------------------------------------------------------------------------------

    def close(self) -> None:
        """End the connection at once, without a word to on_lost."""
        self._end(AmiLost("the link was closed"))

    def lose(self, reason: str) -> None:
        """End the connection for a reason; on_lost is told once."""
        if not self._lost:
            self._end(AmiLost(f"the link to Asterisk went down ({reason})"))
            self._on_lost(reason)

    def _end(self, error: AmiError) -> None:
        self._lost = True
        self.closed = True
        self._unread.clear()
        self.transport.abort()
        requests = list(self.responses.values())
        self.responses.clear()
        for request in requests:
            if not request.future.done():
                request.future.set_exception(error)


def raise_if_refused(name: str, response: Message) -> None:
    """Raise AmiRefused when a response says that the action was not done."""
    if not response.success:
        raise AmiRefused(name, AmiMessage(response).get("Message", "")[:200])
