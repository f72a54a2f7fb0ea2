"""AMI as bytes on a socket, without our link: what really passes the filters of manager.conf."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from itertools import count

Message = dict[str, str]
LEAVE_LIMIT_S = 3.0


class RawAmi:
    """Use as `async with RawAmi(port, user, secret) as ami`; keeps every message in `messages`."""

    def __init__(self, port: int, user: str, secret: str) -> None:
        self._port, self._login = port, {"Username": user, "Secret": secret}
        self.messages: list[Message] = []
        self.closed = False
        self._ids = count(1)

    async def __aenter__(self) -> RawAmi:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        await self._reader.readline()  # the greeting
        self._task = asyncio.create_task(self._read())
        self.welcome = await self.ask("Login", self._login)
        return self

    async def __aexit__(self, *_: object) -> None:
        # Asterisk frees the login, then closes the connection: the next one surely gets in.
        self._writer.write(b"Action: Logoff\r\n\r\n")
        await asyncio.wait([self._task], timeout=LEAVE_LIMIT_S)
        self._task.cancel()
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    async def ask(self, action: str, fields: Mapping[str, str] | None = None) -> Message:
        """The response to an action. Raises TimeoutError after 3 s."""
        own_id = str(next(self._ids))
        lines = {"Action": action, "ActionID": own_id, **(fields or {})}
        self._writer.write("".join(f"{key}: {value}\r\n" for key, value in lines.items()).encode() + b"\r\n")
        return await self.until(
            lambda m: "Response" in m and m.get("ActionID") == own_id, f"answer to {action}"
        )

    async def event(self, name: str, **fields: str) -> Message:
        """An event that came or comes, with these fields. Raises TimeoutError after 3 s."""
        wanted = {"Event": name, **fields}
        return await self.until(lambda m: wanted.items() <= m.items(), f"event {wanted}")

    async def until(self, condition: object, what: str) -> Message:
        """The first message that fulfils the condition. Raises TimeoutError after 3 s."""
        assert callable(condition)
        for _ in range(300):
            for message in self.messages:
                if condition(message):
                    return message
            await asyncio.sleep(0.01)
        raise TimeoutError(f"no {what} within 3 s; events: {self.event_names()}")

    def event_names(self) -> set[str]:
        """Names of all events that passed."""
        return {message["Event"] for message in self.messages if "Event" in message}

    async def _read(self) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                block = (await self._reader.readuntil(b"\r\n\r\n")).decode()
                message: Message = {}
                for line in block.split("\r\n"):
                    key, colon, value = line.partition(": ")
                    if colon and key == "ChanVariable":
                        name, _, content = value.partition("=")
                        message[f"ChanVariable({name})"] = content
                    elif colon:
                        message[key] = value
                self.messages.append(message)
        self.closed = True
