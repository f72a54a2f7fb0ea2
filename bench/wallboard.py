"""What a wallboard beside app_queue needs of Asterisk: a queue log, and a manager account that reads events.

Without these app_queue has no live numbers and no history, so a contact centre runs it with both. The
reader's own processor time is not counted.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

# Of queues and agents, and of the calls they talk on. No events are filtered out: wallboards are made for
# Asterisk as it comes. (What ours disables for all accounts stays disabled: that is in its favour.)
ACCOUNT = """
[wallboard]
secret = bench
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.1/255.255.255.255
read = agent,call
write =
"""
LOGIN = b"Action: Login\r\nUsername: wallboard\r\nSecret: bench\r\n\r\n"
ANSWER_WITHIN_S = 10.0
ACCEPTED = b"Authentication accepted"


def configure(etc: Path) -> None:
    """Account and queue log in Asterisk's files; `manager reload` and `logger reload` make them count."""
    with (etc / "manager.conf").open("a", encoding="utf-8") as file:
        file.write(ACCOUNT)
    text = (etc / "logger.conf").read_text("utf-8")
    if "queue_log = no" not in text:
        raise RuntimeError(f"{etc / 'logger.conf'}: no queue log to turn on")
    (etc / "logger.conf").write_text(text.replace("queue_log = no", "queue_log = yes"), "utf-8")


@contextlib.asynccontextmanager
async def reading(port: int) -> AsyncIterator[None]:
    """Signed in and reading all that comes. Raises RuntimeError when Asterisk does not let it in."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(LOGIN)
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            await reader.readuntil(ACCEPTED)
    except (TimeoutError, asyncio.IncompleteReadError) as error:
        writer.close()
        raise RuntimeError("the wallboard's account is not let in") from error
    drain = asyncio.create_task(_drain(reader))
    try:
        yield
    finally:
        drain.cancel()
        writer.close()


async def _drain(reader: asyncio.StreamReader) -> None:
    while await reader.read(65_536):
        pass
