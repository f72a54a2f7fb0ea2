"""FastAGI handler "queue": makes a session's object, of a caller or of a line that keeps a person's place."""

from __future__ import annotations

import logging
from collections.abc import Callable

from acd.adapters.callback_session import THERE, Attempts, CallbackSession
from acd.adapters.queue_arguments import QueueArguments
from acd.adapters.sessions import CallerSession
from acd.core.callbacks import is_line
from acd.engine import Engine
from acd.forecaster import Forecaster
from hotline.core.settings import Settings
from telephony import variables
from telephony.errors import AgiError, HungUp
from telephony.fastagi import AgiSession

logger = logging.getLogger(__name__)


class QueueHandler:
    """One per acd process."""

    def __init__(
        self,
        engine: Engine,
        forecaster: Forecaster,
        settings: Callable[[], Settings],
        attempts: Attempts,
    ) -> None:
        self._engine = engine
        self._forecaster = forecaster
        self._settings = settings
        self._attempts = attempts

    async def __call__(self, session: AgiSession) -> None:
        try:
            arguments = QueueArguments.parse(session.args)
            caller = await self._session_of(session, arguments)
        except HungUp:
            return
        except ValueError as error:
            logger.error(
                "queue_arguments_refused", extra={"error": str(error), "contact": session.accountcode}
            )
            await session.set_variable(variables.NEXT, "hangup")
            return
        try:
            if caller is None:
                # A callback that is over, or was cancelled while we were away: nobody is at the line.
                await session.set_variable(variables.NEXT, "hangup")
            else:
                await caller.run()
        except HungUp:
            logger.debug("caller_session_ended", extra={"contact": arguments.contact})
        except AgiError:
            logger.exception("caller_session_failed", extra={"contact": arguments.contact})

    async def _session_of(self, session: AgiSession, arguments: QueueArguments) -> CallerSession | None:
        """None: a line that nobody needs any more. Raises ValueError."""
        parts = (session, self._engine, self._forecaster, self._settings(), arguments)
        callback = self._engine.picture.callbacks.of_line(arguments.contact)
        if callback is not None:
            return CallbackSession(*parts, callback, self._attempts)
        if is_line(arguments.contact) and await session.get_variable(variables.REACHED) not in THERE:
            return None
        return CallerSession(*parts)
