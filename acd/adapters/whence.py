"""Where a caller came in: told by the dialplan as the contact begins and ends, asked for in between.

Must not know what a contact is. The values are ours (settings and trunks' names), not a caller's.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from telephony import variables
from telephony.ami import AmiLink
from telephony.errors import AmiError

logger = logging.getLogger(__name__)

ASK_S = 2.0
# Not one EVAL of all: without the right "system" that is refused (action_getvar of manager.c).
QUESTIONS = (variables.NUMBER, variables.TRUNK, variables.DIRECT)


@dataclass(frozen=True, slots=True)
class Whence:
    """The hotline number dialled, the trunk, and whether it is a direct one."""

    number: str = ""
    trunk: str = ""
    direct: bool = False


NOWHERE = Whence()


def whence_of(message: Mapping[str, str]) -> Whence:
    """What an event of the dialplan's says of it (extensions.conf, HotlineContact and HotlineEnd)."""
    return Whence(message.get("Number", ""), message.get("Trunk", ""), message.get("Direct") == "1")


async def ask_whence(link: AmiLink, channel: str) -> Whence:
    """Ask Asterisk; NOWHERE, and a line in the log, when the channel is gone or the link does not answer."""
    try:
        answers = [
            await link.action("Getvar", {"Channel": channel, "Variable": one}, timeout_s=ASK_S)
            for one in QUESTIONS
        ]
    except AmiError as error:
        logger.warning("whence_not_told", extra={"why": type(error).__name__})
        return NOWHERE
    number, trunk, direct = (answer.fields.get("Value", "") for answer in answers)
    return Whence(number, trunk, direct == "1")
