"""The ivr service: FastAGI with its applications, their journal, and the keeping of voice messages."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from hotline.journal import JournalMetrics, JournalWriter
from hotline.service import Service
from ivr.adapters.checker import Checker
from ivr.adapters.messages import VoiceMessages
from ivr.callback import CallbackTalks
from ivr.handlers import Handlers, IvrMetrics
from ivr.verification import Verification
from telephony.fastagi import AgiMetrics, FastAgiServer

logger = logging.getLogger(__name__)

ADOPT_EVERY_S = 30.0


async def start(service: Service) -> Callable[[], Awaitable[None]]:
    """Open the journal and listen for sessions; returns the closer."""
    deployment = service.deployment
    metrics = JournalMetrics(service.registry, "ivr")
    journal = JournalWriter(deployment.journal("ivr"), "ivr", metrics=metrics)
    messages = VoiceMessages(deployment.voice_messages)
    ivr_metrics = IvrMetrics(service.registry)
    handlers = Handlers(lambda: service.settings, journal, messages, ivr_metrics)
    prompts_failed = ivr_metrics.prompts_failed
    callbacks = CallbackTalks(lambda: service.settings, journal, service.registry, prompts_failed)
    server = FastAgiServer(
        "127.0.0.1",
        deployment.ports.agi_ivr,
        service.secrets.agi_token,
        {
            "contact": handlers.contact,
            "voicemail": handlers.voicemail,
            "survey": handlers.survey,
            "callback": callbacks.ask,
            "callback_said": callbacks.told,
            "verify": Verification(lambda: service.settings, Checker(), service.registry, prompts_failed),
        },
        metrics=AgiMetrics(service.registry),
    )
    try:
        await server.start()
    except OSError:
        journal.close()
        raise
    upkeep = asyncio.get_running_loop().create_task(_keep_up(handlers, journal))
    service.ready()

    async def close() -> None:
        await server.close()
        upkeep.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await upkeep
        journal.close()

    return close


async def _keep_up(handlers: Handlers, journal: JournalWriter) -> None:
    """Take in orphaned messages and turn over a full journal, until cancelled."""
    while True:
        try:
            adopted = await handlers.adopt_messages()
            if adopted:
                logger.warning("messages_adopted", extra={"count": adopted})
        except Exception:  # whatever is wrong with one message, the journal is turned over and we look again
            logger.exception("messages_not_adopted")
        if journal.full:
            journal.rotate(None)
        await asyncio.sleep(ADOPT_EVERY_S)
