"""FastAGI applications "callback" and "callback_said": a waiting caller is asked about being called back.

Between the two acd writes the callback down (its own handler), and answers. Meanwhile the caller is in the
line still, only not to be offered: HL_NEXT=queue leads back there, and so does our death, by HL_AGAIN.
The number is on the caller's channel and nowhere else: not in a fact, not in a log.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter

from acd.core.fact_codec import to_body
from hotline.core.settings import Settings
from hotline.core.settings_callback_rules import number_rules
from hotline.journal import JournalWriter
from ivr.core.callback import Ask, CallbackTalk, Over, answer_words
from ivr.core.facts import CallbackTalked
from ivr.session import Session, Speaker, caller_is_gone
from telephony import variables
from telephony.errors import HungUp

CONTACT_ID = re.compile(r"[A-Za-z0-9.-]{1,100}", re.ASCII)
TURNED_AWAY = "refused"
"""The outcome that stands on the channel of a caller whom the queue did not let in."""


class CallbackTalks:
    """`ask` and `told`: before acd writes the callback down, and after."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        journal: JournalWriter,
        registry: CollectorRegistry,
        prompts_failed: Counter,
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._prompts_failed = prompts_failed
        self._talks = Counter(
            "hotline_ivr_callback_talks_total", "Talks about a callback", ["how"], registry=registry
        )
        self._answers = Counter(
            "hotline_ivr_callback_answers_total",
            "What became of callbacks agreed",
            ["said"],
            registry=registry,
        )

    async def ask(self, session: Session) -> None:
        """Arguments: contact, queue, outcome. Ends with HL_CALLBACK and HL_NEXT=callback, or HL_NEXT=queue;
        hangup for one whom the queue did not let in."""
        contact, queue, outcome = _three(session.args)
        if not CONTACT_ID.fullmatch(contact):
            await session.set_variable(variables.NEXT, "hangup")
            return
        settings = self._settings()
        presented = await session.get_variable("CALLERID(num)")
        talk = CallbackTalk(number_rules(settings), presented, at_door=outcome == TURNED_AWAY)
        speaker = Speaker(session, self._prompts_failed)
        try:
            # Without a trunk: the settings have changed since the key was offered.
            over = await _converse(speaker, talk) if settings.callbacks.trunk else talk.refuse()
        except HungUp:
            self._stand_by(contact, queue, "hung_up" if caller_is_gone(session) else "lost", talk)
            raise
        self._stand_by(contact, queue, over.how, talk)
        for prompt in over.last_words:
            await speaker.say(prompt, interruptible=False)
        await session.set_variable(variables.CALLBACK, over.number)
        await session.set_variable(variables.NEXT, "callback" if over.number else _way_back(talk.at_door))

    async def told(self, session: Session) -> None:
        """Arguments: what acd said, outcome. Ends with HL_NEXT=hangup if it was "taken", else as `ask`."""
        said, outcome, _ = _three(session.args)
        at_door = outcome == TURNED_AWAY
        self._answers.labels(said if said in ("taken", "open", "limit") else "refused").inc()
        speaker = Speaker(session, self._prompts_failed)
        for prompt in answer_words(said, at_door):
            await speaker.say(prompt, interruptible=False)
        await session.set_variable(variables.NEXT, "hangup" if said == "taken" else _way_back(at_door))

    def _stand_by(self, contact: str, queue: str, how: str, talk: CallbackTalk) -> None:
        now_ms = time.time_ns() // 1_000_000
        fact = CallbackTalked(now_ms, contact, queue, how, talk.typed, list(talk.refusals))
        self._journal.append(
            type(fact).__name__,
            fact.version,
            to_body(fact),
            fact_id=f"{contact}/callback-talk/{now_ms}",
            contact=contact,
            at_us=now_ms * 1000,
        )
        self._talks.labels(how).inc()


async def _converse(speaker: Speaker, talk: CallbackTalk) -> Over:
    """Ask until the talk is over."""
    step: Ask | Over = talk.begin()
    while isinstance(step, Ask):
        if step.afresh:
            speaker.forget_typed()
        step = talk.press(await speaker.ask(step.prompts, step.timeout_ms))
    return step


def _way_back(at_door: bool) -> str:
    return "hangup" if at_door else "queue"


def _three(arguments: tuple[str, ...]) -> tuple[str, str, str]:
    first, second, third, *_ = *arguments, "", "", ""
    return first, second, third
