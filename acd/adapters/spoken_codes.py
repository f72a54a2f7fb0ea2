"""Supervisors' codes by phone: who may dial them, and the voice that tells what came of it."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

from acd.adapters.supervise import Supervisors
from acd.engine import Engine
from hotline.core.settings import Settings
from telephony.errors import HungUp
from telephony.fastagi import AgiSession

logger = logging.getLogger(__name__)

VIA = "phone"


class SpokenCodes(ABC):
    """A FastAGI handler of some codes; its arguments: the phone's name, the code, the digits after it."""

    deeds: Mapping[str, str]
    """What each code is called in facts."""

    def __init__(self, engine: Engine, supervisors: Supervisors, settings: Callable[[], Settings]) -> None:
        self._engine = engine
        self._supervisors = supervisors
        self._settings = settings

    async def __call__(self, session: AgiSession) -> None:
        phone, code, digits = ([*session.args, "", "", ""])[:3]
        try:
            number = self._engine.distributor.agent_using(phone) or ""
            if self._supervisors.is_supervisor(number):
                prompt = await self._serve(session, number, code, digits)
            else:
                whom, deed = self._whom(code, digits), self.deeds.get(code, code)
                self._supervisors.note(number, VIA, deed, whom, refused="not_a_supervisor", detail=phone)
                prompt = "not-a-supervisor" if number else "not-logged-in"
            await session.stream_file(f"hotline/{prompt}")
            await session.set_variable("HL_NEXT", "hangup")
        except HungUp:
            logger.debug("supervisor_hung_up", extra={"phone": phone, "code": code})

    def _whom(self, code: str, digits: str) -> str:
        """The agent whom the code is about, "" if none is."""
        return ""

    @abstractmethod
    async def _serve(self, session: AgiSession, number: str, code: str, digits: str) -> str:
        """Do the deed of the supervisor with this number; the prompt that says what came of it."""
