"""The link to Asterisk's manager interface: logs in, stays connected, says what is heard and what is lost.

`on_message` gets every event while the link is up; `on_state` tells UP (after FullyBooted), DOWN, and why a
login is not granted. Both are called synchronously, in the order things happen, and may not block; if one
raises, that is logged and counted and the link goes on. Every reconnection is a gap in events: to subscribe,
ask for a snapshot and reconcile is the caller's part. An action is sent once: one without an answer raises.
This module must not know what messages mean to anybody.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from random import Random

from panoramisk.message import Message
from prometheus_client import CollectorRegistry

from telephony.ami_connection import AmiConnection, Request, raise_if_refused
from telephony.ami_message import AmiMessage
from telephony.ami_metrics import AmiMetrics
from telephony.ami_wire import Destination, Fields, checked_action
from telephony.backoff import Backoff
from telephony.errors import AmiError, AmiOverloaded, AmiRefused, AmiTimedOut, AmiUnavailable

logger = logging.getLogger(__name__)

ACTION_TIMEOUT_S = 5.0
LOGIN_IN_USE = "Login Already In Use"  # Asterisk's text with allowmultiplelogin=no


class LinkState(enum.Enum):
    """How the link stands."""

    DOWN = "down"
    UP = "up"
    TAKEN = "taken"  # another process holds the login (a standby waits so); tried again every second
    REFUSED = "refused"  # Asterisk does not accept our name or secret: an alarm; tried again every 30 s


@dataclass(frozen=True, slots=True)
class AmiReply:
    """Asterisk's positive answer to an action. `action_id` comes back in events such as OriginateResponse."""

    message: str
    fields: Mapping[str, str]
    action_id: str
    epoch: int


@dataclass(frozen=True, slots=True)
class AmiTimes:
    """The link's time limits and pauses, in seconds."""

    connect_s: float = 5.0
    login_s: float = 5.0
    booted_s: float = 60.0  # from login to FullyBooted: Asterisk may be loading still
    ping_every_s: float = 5.0
    pong_within_s: float = 10.0
    retry_first_s: float = 0.1
    retry_most_s: float = 5.0
    taken_retry_s: float = 1.0
    refused_retry_s: float = 30.0
    steady_after_s: float = 10.0  # up for so long: the next loss starts with the shortest pause again


class AmiLink:
    """One login to one Asterisk, kept up from `start` to `close`."""

    def __init__(
        self,
        host: str,
        port: int,
        username: str,
        secret: str,
        *,
        on_message: Callable[[Mapping[str, str]], None],
        on_state: Callable[[LinkState], None],
        metrics: AmiMetrics | None = None,
        destinations: Iterable[Destination] = (),
        wanted: Collection[str] | None = None,
        times: AmiTimes | None = None,
        chance: Random | None = None,
    ) -> None:
        """`destinations`: where an Originate or Redirect may lead. `wanted`: names of the events that matter,
        others are dropped unread (None: all matter). Raises InputRefused for a hostile name or secret."""
        self._address = (host, port)
        self._login = checked_action("Login", {"Username": username, "Secret": secret, "Events": "on"})
        self._on_message = on_message
        self._on_state = on_state
        self._metrics = metrics or AmiMetrics(CollectorRegistry())
        self._destinations = tuple(destinations)
        self._wanted = wanted
        self._times = times or AmiTimes()
        self._backoff = Backoff(self._times.retry_first_s, self._times.retry_most_s, chance or Random())
        self.epoch = 0  # counts connections
        self.state = LinkState.DOWN
        self._connection: AmiConnection | None = None
        self._ended = asyncio.Event()
        self._booted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether the link is up: logged in, and Asterisk fully booted."""
        return self.state is LinkState.UP

    def start(self) -> None:
        """Connect, and stay connected, until `close`."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._stay_connected())

    async def close(self) -> None:
        """End the link; actions under way raise AmiLost."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    # ---- actions -------------------------------------------------------------------------------------

    async def action(
        self, name: str, fields: Fields = (), *, timeout_s: float = ACTION_TIMEOUT_S
    ) -> AmiReply:
        """Ask Asterisk to do something; returns its positive answer.

        Raises InputRefused, AmiUnavailable, AmiOverloaded (nothing was sent), AmiRefused (not done),
        AmiTimedOut and AmiLost (it is not known whether it was done).
        """
        epoch = self.epoch
        request, messages = await self._ask(name, fields, "", timeout_s)
        response = AmiMessage(messages[0])
        return AmiReply(response.get("Message", ""), response, request.id, epoch)

    async def list_action(
        self, name: str, fields: Fields = (), *, complete_event: str, timeout_s: float = ACTION_TIMEOUT_S
    ) -> list[Mapping[str, str]]:
        """Ask for a list; returns its entries, without response and completing event. Errors as `action`."""
        _, messages = await self._ask(name, fields, complete_event, timeout_s)
        return [AmiMessage(message) for message in messages[1:-1]]

    async def _ask(
        self, name: str, fields: Fields, complete_event: str, timeout_s: float
    ) -> tuple[Request, list[Message]]:
        pairs = checked_action(name, fields, self._destinations)
        connection = self._connection
        if connection is None or not self.connected:
            raise AmiUnavailable(f"{name}: there is no link to Asterisk now ({self.state.value})")
        return await self._ask_on(connection, name, pairs, complete_event, timeout_s)

    async def _ask_on(
        self,
        connection: AmiConnection,
        name: str,
        pairs: list[tuple[str, str]],
        complete_event: str,
        timeout_s: float,
    ) -> tuple[Request, list[Message]]:
        request = Request(name, pairs, complete_event)
        try:
            async with asyncio.timeout(timeout_s):
                messages = await connection.send(request)
            raise_if_refused(name, messages[0])
        except TimeoutError as error:
            self._metrics.actions.labels("timed_out").inc()
            raise AmiTimedOut(f"{name}: no answer within {timeout_s:g} s") from error
        except AmiRefused:
            self._metrics.actions.labels("refused").inc()
            raise
        except AmiOverloaded:
            self._metrics.actions.labels("overloaded").inc()
            raise
        except AmiError:
            self._metrics.actions.labels("lost").inc()
            raise
        finally:
            connection.forget(request)
        self._metrics.actions.labels("done").inc()
        return request, messages

    # ---- staying connected ---------------------------------------------------------------------------

    async def _stay_connected(self) -> None:
        try:
            while True:
                began = asyncio.get_running_loop().time()
                pause_s = await self._connect_once()
                if pause_s is None:
                    if asyncio.get_running_loop().time() - began >= self._times.steady_after_s:
                        self._backoff.reset()
                    pause_s = self._backoff.next_s()
                await asyncio.sleep(pause_s)
        finally:
            self._drop()
            self._set_state(LinkState.DOWN)

    async def _connect_once(self) -> float | None:
        """One connection, from opening to its end; the pause it asks for, or None for the usual one."""
        connection = await self._open()
        if connection is None:
            return None
        try:
            await self._ask_on(connection, "Login", self._login, "", self._times.login_s)
            self._metrics.login_refused.set(0)
            async with asyncio.timeout(self._times.booted_s):
                await self._first_of(self._booted, self._ended)
            if not self._ended.is_set():
                await self._keep_alive(connection)
        except AmiRefused as refused:
            return self._login_not_granted(refused)
        except AmiError:
            connection.lose("unanswered")  # says nothing more if the link was lost already
        except TimeoutError:
            connection.lose("not_booted")
        finally:
            self._drop()
        self._set_state(LinkState.DOWN)
        return None

    async def _open(self) -> AmiConnection | None:
        self._ended, self._booted = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._times.connect_s):
                _, connection = await loop.create_connection(self._make_connection, *self._address)
        except (OSError, TimeoutError) as error:
            self._metrics.losses.labels("unreachable").inc()
            logger.warning("ami_unreachable", extra={"error": str(error) or "timed out"})
            self._set_state(LinkState.DOWN)
            return None
        self.epoch += 1
        self._metrics.connections.inc()
        self._connection = connection
        return connection

    def _make_connection(self) -> AmiConnection:
        return AmiConnection(self._hear, self._connection_lost, self._metrics, self._wanted)

    async def _keep_alive(self, connection: AmiConnection) -> None:
        """Ping until the connection ends; a Pong that does not come in time ends it (a half-open link)."""
        while not self._ended.is_set():
            try:
                async with asyncio.timeout(self._times.ping_every_s):
                    await self._ended.wait()
            except TimeoutError:
                await self._ask_on(connection, "Ping", [], "", self._times.pong_within_s)

    @staticmethod
    async def _first_of(*events: asyncio.Event) -> None:
        waits = [asyncio.ensure_future(event.wait()) for event in events]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _login_not_granted(self, refused: AmiRefused) -> float:
        if refused.message == LOGIN_IN_USE:
            self._metrics.losses.labels("login_taken").inc()
            if self.state is not LinkState.TAKEN:
                logger.warning("ami_login_taken", extra={"retry_s": self._times.taken_retry_s})
            self._set_state(LinkState.TAKEN)
            return self._times.taken_retry_s
        self._metrics.losses.labels("login_refused").inc()
        self._metrics.login_refused.set(1)
        logger.error(
            "ami_login_refused", extra={"answer": refused.message, "retry_s": self._times.refused_retry_s}
        )
        self._set_state(LinkState.REFUSED)
        return self._times.refused_retry_s

    # ---- what the connection says --------------------------------------------------------------------

    def _hear(self, message: AmiMessage) -> None:
        if message.get("Event") == "FullyBooted" and not self.connected:
            self._booted.set()
            self._set_state(LinkState.UP)
        if not self.connected:
            return  # what happened before is part of the snapshot that follows
        try:
            self._on_message(message)
        except Exception:
            self._metrics.callback_failures.inc()
            logger.exception("ami_callback_failed", extra={"event": message.get("Event", "")})

    def _connection_lost(self, reason: str) -> None:
        self._metrics.losses.labels(reason).inc()
        logger.warning("ami_link_lost", extra={"reason": reason, "epoch": self.epoch})
        self._ended.set()
        if self.state is LinkState.UP:
            self._set_state(LinkState.DOWN)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _set_state(self, state: LinkState) -> None:
        if state is self.state:
            return
        self.state = state
        self._metrics.up.set(1 if state is LinkState.UP else 0)
        try:
            self._on_state(state)
        except Exception:
            self._metrics.callback_failures.inc()
            logger.exception("ami_callback_failed", extra={"state": state.value})


__all__ = ["AmiLink", "AmiMetrics", "AmiReply", "AmiTimes", "Destination", "LinkState"]
