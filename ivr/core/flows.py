"""A caller's way through a flow, as a machine that knows digits, not calls.

`FlowRun.handle(event) -> Step(actions, facts)`: synchronous and total. The shell carries out the actions in
order; the last one is either `Ask` (its answer comes back as an event) or `Finish`.

Laws:
1. The notice that calls are recorded, and the last words, cannot be cut short; everything else can. Digits
   typed ahead, also during what cannot be cut, answer the following questions in order; once one is no choice
   of its menu, those behind it are forgotten, for they were meant for another way.
2. A menu is asked `tries` times in all; then the caller goes where `on_failure` says.
3. Coming back to a menu takes back what was chosen since, so that needs never pile up.
4. After MAX_ANSWERS answers the flow ends: no caller goes round for ever.
5. All of it follows one version of the settings.
6. At every moment the outcome is set that is right if the caller hangs up now (`SetOutcome`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from acd.core.facts import Fact
from acd.core.needs import join_needs
from hotline.core.settings import Choice, Flow, Menu, Queue, Settings
from ivr.core.facts import CallerClosed, FlowEnded, FlowStarted, MenuChosen
from ivr.core.prompts import closed_prompt

MAX_ANSWERS = 60

# ---- events ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entered:
    """The caller is in the line. resumed: we were away in the middle of this flow; start: where one comes in
    who was here before and needs no greeting, "": at the flow's own start."""

    at_ms: int
    is_open: bool
    next_opening_ms: int
    resumed: bool
    start: str = ""


@dataclass(frozen=True, slots=True)
class DigitPressed:
    at_ms: int
    digit: str


@dataclass(frozen=True, slots=True)
class NothingPressed:
    at_ms: int


@dataclass(frozen=True, slots=True)
class Finished:
    """`Finish` is carried out: the dialplan knows where the caller goes."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class HungUp:
    at_ms: int


Event = Entered | DigitPressed | NothingPressed | Finished | HungUp

# ---- actions --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer the call."""


@dataclass(frozen=True, slots=True)
class SetOutcome:
    """What is told of the flow should the caller hang up from now on."""

    outcome: str


@dataclass(frozen=True, slots=True)
class SpeakLanguage:
    """From now on prompts are in this language."""

    language: str


@dataclass(frozen=True, slots=True)
class Play:
    """Say a prompt. A digit cuts it when it is interruptible; digits are kept for the next questions."""

    prompt: str
    interruptible: bool = True


@dataclass(frozen=True, slots=True)
class Ask:
    """Say the prompts, wait up to timeout_ms for one digit; a digit during the prompts cuts them.

    A digit typed ahead is the answer at once, unless afresh: then digits typed ahead are forgotten first.
    """

    prompts: tuple[str, ...]
    timeout_ms: int
    afresh: bool = False


@dataclass(frozen=True, slots=True)
class Finish:
    """Tell the dialplan where the caller goes. next: queue, voicemail, hangup."""

    next: str
    outcome: str
    queue: str = ""
    needs: str = ""
    priority: int = 0
    chosen: str = ""  # the part of needs that the caller chose, not the queue
    prefer: tuple[str, ...] = ()  # agents by number, teams by name


Action = Answer | SetOutcome | SpeakLanguage | Play | Ask | Finish


@dataclass(frozen=True, slots=True)
class Step:
    actions: tuple[Action, ...] = ()
    facts: tuple[Fact, ...] = ()


class FlowMisuse(Exception):
    """An event that the state does not take; nothing has changed. The text names both."""


TAKES: dict[str, tuple[type, ...]] = {
    "new": (Entered, HungUp),
    "asking": (DigitPressed, NothingPressed, HungUp),
    "finishing": (Finished, HungUp),
    "ended": (),
}
"""Which events each state takes; any other is a mistake of the shell."""


@dataclass(slots=True)
class _Visit:
    """A menu on the caller's way, and the needs chosen in it."""

    menu: Menu
    needs: str = ""
    tries: int = 1
    prefer: tuple[str, ...] = ()


@dataclass(slots=True)
class _Draft:
    """A step in the making."""

    at_ms: int
    actions: list[Action] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)


class FlowRun:
    """One caller in one flow. `number` is the hotline number dialled."""

    def __init__(self, settings: Settings, flow: Flow, contact: str, number: str, language: str) -> None:
        self.state = "new"
        self.language = language
        self._settings = settings
        self._flow = flow
        self._contact = contact
        self._number = number
        self._menus = {menu.name: menu for menu in flow.menus}
        self._way: list[_Visit] = []
        self._closed = False
        self._outcome = "hung_up"
        self._finish = Finish("", "")
        self._answers = 0

    def handle(self, event: Event) -> Step:
        """The actions and facts that follow from an event. Raises FlowMisuse for one out of turn."""
        if not isinstance(event, TAKES[self.state]):
            raise FlowMisuse(f"state {self.state} does not take {type(event).__name__}")
        draft = _Draft(event.at_ms)
        match event:
            case Entered():
                self._enter(event, draft)
            case DigitPressed():
                self._answer(event.digit, draft)
            case NothingPressed():
                self._answer("", draft)
            case Finished():
                self._tell_end(self._finish, draft)
            case HungUp():
                self._tell_end(Finish("", self._outcome), draft)
        return Step(tuple(draft.actions), tuple(draft.facts))

    def _enter(self, event: Entered, draft: _Draft) -> None:
        flow, settings = self._flow, self._settings
        draft.facts.append(
            FlowStarted(
                event.at_ms,
                self._contact,
                self._number,
                flow.name,
                self.language,
                event.is_open,
                event.resumed,
                settings.version,
            )
        )
        self._closed = not event.is_open and not event.start
        self._outcome = "closed" if self._closed else "hung_up"
        draft.actions += [SetOutcome(self._outcome), Answer(), SpeakLanguage(self.language)]
        if event.start:
            self._go(event.start, draft)
            return
        if not event.resumed:
            draft.actions.append(Play(flow.greeting))
        if settings.hotline.announce_recording:
            draft.actions.append(Play("recorded-notice", interruptible=False))
        if event.is_open:
            self._go(flow.start, draft)
            return
        draft.facts.append(
            CallerClosed(event.at_ms, self._contact, flow.name, flow.hours, event.next_opening_ms)
        )
        draft.actions.append(Play(closed_prompt(flow.hours)))
        self._go(flow.closed, draft)

    def _answer(self, digit: str, draft: _Draft) -> None:
        visit = self._way[-1]
        self._answers += 1
        if self._answers > MAX_ANSWERS:
            self._go("hangup", draft, refused=True)
            return
        choice = next((choice for choice in visit.menu.choices if choice.digit == digit), None)
        if choice is not None:
            self._leave_menu(choice, draft)
        elif visit.tries < visit.menu.tries:
            visit.tries += 1
            complaint = "invalid-choice" if digit else "no-input"
            draft.actions.append(_ask(visit.menu, complaint))
        else:
            self._tell_choice(draft, "", visit.menu.on_failure)
            self._go(visit.menu.on_failure, draft, refused=True)

    def _leave_menu(self, choice: Choice, draft: _Draft) -> None:
        self._way[-1].needs, self._way[-1].prefer = choice.needs, choice.prefer
        if choice.language:
            self.language = choice.language
            draft.actions.append(SpeakLanguage(choice.language))
        self._tell_choice(draft, choice.digit, choice.go)
        self._go(choice.go, draft)

    def _tell_choice(self, draft: _Draft, digit: str, go: str) -> None:
        visit = self._way[-1]
        draft.facts.append(
            MenuChosen(draft.at_ms, self._contact, self._flow.name, visit.menu.name, digit, visit.tries, go)
        )

    def _go(self, destination: str, draft: _Draft, *, refused: bool = False) -> None:
        """Go where a destination of the settings leads; `refused`: the caller did not choose it."""
        kind, _, name = destination.partition(":")
        match kind:
            case "menu":
                self._enter_menu(self._menus[name], draft)
            case "queue":
                queue = next(queue for queue in self._settings.queues if queue.name == name)
                self._end(draft, self._queued(queue))
            case "voicemail":
                self._end(draft, Finish("voicemail", self._judged("refused" if refused else "hung_up")))
            case "message":
                self._end(draft, Finish("hangup", self._judged("message")), last_words=name)
            case _:  # "hangup": the settings check allows no other kind
                self._end(draft, Finish("hangup", self._judged("refused")), last_words="goodbye")

    def _enter_menu(self, menu: Menu, draft: _Draft) -> None:
        names = [visit.menu.name for visit in self._way]
        if menu.name in names:
            del self._way[names.index(menu.name) :]
        self._way.append(_Visit(menu))
        self.state = "asking"
        draft.actions.append(_ask(menu))

    def _queued(self, queue: Queue) -> Finish:
        """To the queue, with its needs and those chosen on the way.

        The flow's preference gives way to the number's, and both to the latest choice's.
        """
        chosen = [visit.needs for visit in self._way]
        lines = (line.prefer for line in self._settings.numbers if line.did == self._number)
        asked = (self._flow.prefer, *lines, *(visit.prefer for visit in self._way))
        preferences = [prefer for prefer in asked if prefer]
        return Finish(
            "queue",
            "queued",
            queue.name,
            join_needs(queue.needs, *chosen),
            queue.priority,
            chosen=join_needs(*chosen),
            prefer=preferences[-1] if preferences else (),
        )

    def _judged(self, when_open: str) -> str:
        return "closed" if self._closed else when_open

    def _end(self, draft: _Draft, finish: Finish, last_words: str = "") -> None:
        self.state, self._finish = "finishing", finish
        if last_words:
            # Most callers hang up while they hear them: that is no other outcome.
            self._outcome = finish.outcome
            draft.actions += [SetOutcome(finish.outcome), Play(last_words, interruptible=False)]
        draft.actions.append(finish)

    def _tell_end(self, finish: Finish, draft: _Draft) -> None:
        self.state = "ended"
        draft.facts.append(
            FlowEnded(
                draft.at_ms,
                self._contact,
                self._flow.name,
                finish.outcome,
                finish.next,
                finish.queue,
                finish.needs,
                finish.priority,
                self.language,
            )
        )


def _ask(menu: Menu, *complaint: str) -> Ask:
    return Ask((*complaint, menu.prompt), round(menu.timeout_s * 1000), afresh=bool(complaint))
