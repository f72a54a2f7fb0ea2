"""The three FastAGI applications of ivr: the flow, the voice message, the survey.

They connect a session to the cores and decide nothing about where a caller goes. The last command of each is
HL_NEXT: its absence tells the dialplan that we died. A hang-up is no error: it ends the application, and the
outcome that stands on the channel by then is the right one, because it is set before the caller is asked.
All three follow the settings version that was current when they began.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from acd.core.fact_codec import to_body
from acd.core.facts import Fact
from hotline.core.hours import is_open, next_opening
from hotline.core.settings import Flow, Hours, Settings
from hotline.journal import JournalWriter
from ivr.adapters.messages import MessageUnusable, VoiceMessages
from ivr.core import flows
from ivr.core.facts import FlowEnded, MessageLeft, SurveyAnswered
from ivr.core.survey import SURVEY_TRIES, satisfaction_of
from ivr.session import Session, Speaker, caller_is_gone
from telephony import variables
from telephony.errors import AgiFailed, HungUp

logger = logging.getLogger(__name__)

SURVEY_TIMEOUT_MS = 5000
MESSAGE_SILENCE_S = 5
CONTACT_ID = re.compile(r"[A-Za-z0-9.-]{1,100}", re.ASCII)


class IvrMetrics:
    """What ivr tells Prometheus. Labels are bounded: outcomes are few, satisfaction is 0..5."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.sessions = Gauge(
            "hotline_ivr_sessions", "Callers with ivr now", ["application"], registry=registry
        )
        self.flows = Counter("hotline_ivr_flows", "Flows ended", ["outcome"], registry=registry)
        self.flow_s = Histogram(
            "hotline_ivr_flow_seconds",
            "Time of a caller in a flow",
            registry=registry,
            buckets=(1, 2, 5, 10, 20, 30, 60, 120, 300),
        )
        self.messages = Counter("hotline_ivr_messages", "Voice messages left", registry=registry)
        self.records_failed = Counter(
            "hotline_ivr_records_failed", "Messages that Asterisk could not record", registry=registry
        )
        self.surveys = Counter("hotline_ivr_surveys", "Callers asked", ["satisfaction"], registry=registry)
        self.prompts_failed = Counter(
            "hotline_ivr_prompts_failed", "Prompts that Asterisk could not play", registry=registry
        )
        self.refused = Counter(
            "hotline_ivr_sessions_refused", "Sessions with arguments that cannot be", registry=registry
        )


class Handlers:
    """The applications by name are `contact`, `voicemail` and `survey`."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        journal: JournalWriter,
        messages: VoiceMessages,
        metrics: IvrMetrics,
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._messages = messages
        self._metrics = metrics

    async def contact(self, session: Session) -> None:
        """Arguments: contact, number, stage, since when the dialplan asks in vain ("": it does not), and
        where a caller comes in whom a queue sent here: "flow:NAME", "menu:NAME" ("": none did)."""
        with self._metrics.sessions.labels("contact").track_inprogress():
            contact, number, *rest = *session.args, "", ""
            start = "".join(rest[2:3])
            settings = self._settings()
            flow = _flow_at(settings, start) if start else _flow_of(settings, number)
            if flow is None or not CONTACT_ID.fullmatch(contact):
                await self._refuse(session, "contact", number)
                return
            language = await _language(session, settings)
            run = flows.FlowRun(settings, flow, contact, number, language)
            resumed = len(rest) > 1 and rest[1] != ""
            await _is_here_again(session, rest[1] if resumed else "")
            entered = _entered(settings, flow, resumed)
            if start.startswith("menu:"):
                entered = replace(entered, start=start)
            await self._run_flow(session, run, entered, contact)

    async def _run_flow(
        self, session: Session, run: flows.FlowRun, entered: flows.Entered, contact: str
    ) -> None:
        speaker = Speaker(session, self._metrics.prompts_failed)
        identity = f"{contact}/flow/{entered.at_ms}"
        count = 0
        event: flows.Event = entered
        try:
            await session.set_variable(variables.STAGE, "flow")
            while True:
                step = run.handle(event)
                count = self._stand_by(step.facts, contact, identity, count)
                if run.state == "ended":
                    break
                event = await _carry_out(session, speaker, step.actions)
        except HungUp:
            if not caller_is_gone(session):
                raise
            step = run.handle(flows.HungUp(_now_ms()))
            self._stand_by(step.facts, contact, identity, count)
        self._metrics.flow_s.observe((_now_ms() - entered.at_ms) / 1000)

    async def voicemail(self, session: Session) -> None:
        """Arguments: contact, and since when the dialplan asks in vain. Ends with HL_NEXT=hangup."""
        with self._metrics.sessions.labels("voicemail").track_inprogress():
            contact = session.args[0] if session.args else ""
            if not CONTACT_ID.fullmatch(contact):
                await self._refuse(session, "voicemail", "")
                return
            await _is_here_again(session, "".join(session.args[1:2]))
            settings = self._settings()
            number = await session.get_variable(variables.NUMBER)
            language = await _language(session, settings)
            spoken_since = await session.get_variable(variables.SPOKEN_SINCE)
            # Asked for again after our death, the outcome may be the message's own already.
            before = await session.get_variable(
                variables.OUTCOME_BEFORE if spoken_since else variables.OUTCOME
            )
            speaker = Speaker(session, self._metrics.prompts_failed)
            await speaker.say("leave-message", interruptible=True)
            # Set before the caller speaks: most end their message by hanging up. Who does so too soon has
            # the outcome put back (extensions.conf, [ended]). What was spoken as we died may be a message:
            # the time counts from the first beginning.
            if not spoken_since:
                await session.set_variable(variables.OUTCOME_BEFORE, before)
                await session.set_variable(variables.SPOKEN_SINCE, str(_now_ms()))
            await session.set_variable(variables.OUTCOME, "voice_message")
            kept = await self._take_message(session, contact, number, language, settings)
            if not kept:
                await session.set_variable(variables.OUTCOME, before)
            await speaker.say("message-thanks" if kept else "goodbye", interruptible=False)
            await session.set_variable(variables.NEXT, "hangup")

    async def _take_message(
        self, session: Session, contact: str, number: str, language: str, settings: Settings
    ) -> bool:
        with self._messages.new(contact) as file:
            limit_ms = settings.hotline.voice_message_max_s * 1000
            try:
                await session.record_file(str(file.with_suffix("")), "wav", "#", limit_ms, MESSAGE_SILENCE_S)
            except AgiFailed as error:
                self._metrics.records_failed.inc()
                logger.error("message_not_recorded", extra={"why": str(error)})
            except HungUp:
                if caller_is_gone(session):
                    await self._keep_message(file, contact, number, language)
                raise  # else Asterisk still records: `adopt_messages` finds the file when it is finished
            return await self._keep_message(file, contact, number, language)

    async def _keep_message(self, file: Path, contact: str, number: str, language: str) -> bool:
        """Whether it is a message; one whose fact the disk does not take yet stays where it is."""
        try:
            message = await asyncio.to_thread(self._messages.measure, file)
        except MessageUnusable as error:
            logger.info("message_not_kept", extra={"contact": contact, "why": str(error)})
            return False
        fact = MessageLeft(
            message.at_ms,
            contact,
            number,
            language,
            file.name,
            message.length_ms,
            message.sha256,
            message.size_bytes,
        )
        # The name is the id: a message that is taken in twice, because we died in between, counts once.
        self._stand_by([fact], contact, f"message/{file.stem}", 0)
        if not await asyncio.to_thread(self._journal.sync):
            # `adopt_messages` finds it there, and tells of it anew.
            logger.error("message_not_told", extra={"contact": contact})
            return True
        self._messages.keep(file)
        self._metrics.messages.inc()
        return True

    async def adopt_messages(self) -> int:
        """Take in finished messages that nobody has: we died while they were spoken. Returns how many."""
        adopted = 0
        for file, contact in self._messages.orphans():
            self._messages.repair(file)
            adopted += await self._keep_message(file, contact, "", "") and not file.exists()
        return adopted

    async def survey(self, session: Session) -> None:
        """Arguments: contact, queue. Ends with HL_NEXT=hangup."""
        with self._metrics.sessions.labels("survey").track_inprogress():
            contact, queue_name, *_ = *session.args, "", ""
            if not CONTACT_ID.fullmatch(contact):
                await self._refuse(session, "survey", "")
                return
            settings = self._settings()
            queue = next((queue for queue in settings.queues if queue.name == queue_name), None)
            wanted = settings.hotline.survey if queue is None or queue.survey is None else queue.survey
            if wanted:
                await self._ask_satisfaction(session, contact, queue_name)
            await session.set_variable(variables.NEXT, "hangup")

    async def _ask_satisfaction(self, session: Session, contact: str, queue: str) -> None:
        speaker = Speaker(session, self._metrics.prompts_failed)
        await session.set_variable(variables.SURVEY, "1")
        asked_at_ms = _now_ms()
        satisfaction = 0
        try:
            prompts: tuple[str, ...] = ("survey",)
            for _ in range(SURVEY_TRIES):
                digit = await speaker.ask(prompts, SURVEY_TIMEOUT_MS)
                satisfaction = satisfaction_of(digit)
                if satisfaction:
                    await session.set_variable(variables.SATISFACTION, str(satisfaction))
                    break
                speaker.forget_typed()
                prompts = ("invalid-choice" if digit else "no-input", "survey")
        finally:
            fact = SurveyAnswered(_now_ms(), contact, queue, satisfaction)
            self._stand_by([fact], contact, f"{contact}/survey/{asked_at_ms}", 0)
            self._metrics.surveys.labels(str(satisfaction)).inc()
        await speaker.say("survey-thanks" if satisfaction else "goodbye", interruptible=False)

    async def _refuse(self, session: Session, application: str, number: str) -> None:
        self._metrics.refused.inc()
        logger.error("session_refused", extra={"application": application, "number": number[:32]})
        await session.set_variable(variables.NEXT, "hangup")

    def _stand_by(self, facts: Iterable[Fact], contact: str, identity: str, count: int) -> int:
        """Write facts to the journal; ids count on from `count` within `identity`. Returns the new count."""
        for fact in facts:
            count += 1
            kind = type(fact).__name__
            self._journal.append(
                kind,
                fact.version,
                to_body(fact),
                fact_id=f"{identity}/{count}",
                contact=contact,
                at_us=fact.at_ms * 1000,
            )
            if isinstance(fact, FlowEnded):
                self._metrics.flows.labels(fact.outcome).inc()
        return count


async def _carry_out(session: Session, speaker: Speaker, actions: Iterable[flows.Action]) -> flows.Event:
    """Do the actions in order; returns the caller's answer to the last one."""
    event: flows.Event = flows.NothingPressed(_now_ms())
    for action in actions:
        match action:
            case flows.Answer():
                await session.answer()
            case flows.SetOutcome(outcome):
                await session.set_variable(variables.OUTCOME, outcome)
            case flows.SpeakLanguage(language):
                await session.set_variable("CHANNEL(language)", language)
                await session.set_variable(variables.LANGUAGE, language)
            case flows.Play(prompt, interruptible):
                await speaker.say(prompt, interruptible=interruptible)
            case flows.Ask(prompts, timeout_ms, afresh):
                if afresh:
                    speaker.forget_typed()
                digit = await speaker.ask(prompts, timeout_ms)
                now_ms = _now_ms()
                event = flows.DigitPressed(now_ms, digit) if digit else flows.NothingPressed(now_ms)
            case flows.Finish():
                await _finish(session, action)
                event = flows.Finished(_now_ms())
    return event


async def _finish(session: Session, finish: flows.Finish) -> None:
    """Tell the dialplan where the caller goes; HL_NEXT comes last."""
    if finish.next == "queue":
        await session.set_variable(variables.QUEUE, finish.queue)
        await session.set_variable(variables.NEEDS, finish.chosen)
        await session.set_variable(variables.PREFER, variables.joined(finish.prefer))
        await session.set_variable(variables.PRIORITY, str(finish.priority))
        if not await session.get_variable(variables.WAIT_SINCE):
            await session.set_variable(variables.WAIT_SINCE, str(_now_ms()))
    await session.set_variable(variables.OUTCOME, finish.outcome)
    await session.set_variable(variables.NEXT, finish.next)


async def _is_here_again(session: Session, lost_since: str) -> None:
    """Stop the dialplan's clock towards the fallback: a later death of ours counts from its own beginning."""
    if lost_since:
        await session.set_variable(variables.LOST_SINCE, "")


async def _language(session: Session, settings: Settings) -> str:
    """The language that the caller has already chosen, else the house's first."""
    chosen = await session.get_variable(variables.LANGUAGE)
    languages = settings.hotline.languages
    return chosen if chosen in languages else languages[0]


def _flow_of(settings: Settings, number: str) -> Flow | None:
    name = next((line.flow for line in settings.numbers if line.did == number), "")
    return next((flow for flow in settings.flows if flow.name == name), None)


def _flow_at(settings: Settings, start: str) -> Flow | None:
    """The flow of this name, or the first with this menu."""
    kind, _, name = start.partition(":")
    for flow in settings.flows:
        if kind == "flow" and flow.name == name:
            return flow
        if kind == "menu" and any(menu.name == name for menu in flow.menus):
            return flow
    return None


def _entered(settings: Settings, flow: Flow, resumed: bool) -> flows.Entered:
    now = datetime.now(ZoneInfo(settings.hotline.timezone))
    hours: Hours | None = next((hours for hours in settings.hours if hours.name == flow.hours), None)
    open_now = hours is None or is_open(hours, now)
    opening = None if hours is None or open_now else next_opening(hours, now)
    return flows.Entered(_now_ms(), open_now, round(opening.timestamp() * 1000) if opening else 0, resumed)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
