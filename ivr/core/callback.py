"""A caller's talk about being called back, as a machine that knows digits, not calls.

`CallbackTalk.begin()` and then `press(digit)` say what to ask next, or how the talk ended. It reads the
caller's own number, or asks for one, and reads every number back: only what is confirmed is agreed.

Laws:
1. Star leads back to the line at once, wherever it is pressed; so does silence, in the end.
2. A number that may not be called is told why, and another may be typed: MOST_NUMBERS in all.
3. A question is asked CONFIRM_TRIES times; a number has at most MOST_DIGITS: no caller goes round for ever.
4. Who was turned away at the door has no line to go back to, and is not promised one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from acd.core.callback_numbers import MOST_TYPED, NumberRules, judge_number

MOST_NUMBERS = 3
CONFIRM_TRIES = 3
MOST_DIGITS = MOST_TYPED
CONFIRM_MS = 8_000
FIRST_DIGIT_MS = 10_000
NEXT_DIGIT_MS = 5_000

REFUSED = {"abroad": "callback-abroad", "length": "callback-length"}
"""Prompts by reason; of any other the caller learns only that the number is not called."""

SAID = {"taken": "callback-taken", "open": "callback-open", "limit": "callback-limit"}
"""Prompts by acd's answer; any other: the number is not called."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Say the prompts, wait for a digit. afresh: digits typed ahead are forgotten first."""

    prompts: tuple[str, ...]
    timeout_ms: int
    afresh: bool = False


@dataclass(frozen=True, slots=True)
class Over:
    """The talk is over. how: agreed, back (star), silent, refused (no number that may be called).

    number: what to dial, only when agreed. last_words: what the caller hears still.
    """

    how: str
    number: str = ""
    last_words: tuple[str, ...] = ()


@dataclass(slots=True)
class CallbackTalk:
    """One talk. presented: the number that came with the call; at_door: no line to go back to."""

    rules: NumberRules
    presented: str
    at_door: bool = False
    refusals: list[str] = field(default_factory=list)  # why, for numbers that may not be called
    typed: int = 0  # numbers asked for
    _number: str = ""  # waits to be confirmed
    _digits: str = ""
    _asked: int = 0  # so often the present question
    _lead: tuple[str, ...] = ()  # what comes before the number that is read back

    def begin(self) -> Ask | Over:
        """Reads back the caller's own number, or asks for one."""
        own = judge_number(self.presented, self.rules)
        if not own.why:
            return self._read_back(own.number, "callback-your-number")
        if own.why == "anonymous":
            return self._enter("callback-no-number")
        self.refusals.append(own.why)
        return self._enter("callback-own-refused")

    def refuse(self) -> Over:
        """Nobody is called back just now."""
        return self._back("refused", "callback-refused")

    def press(self, digit: str) -> Ask | Over:
        """Takes one digit, "" for silence."""
        if digit == "*":
            return self._back("back")
        return self._confirm(digit) if self._number else self._type(digit)

    def _read_back(self, number: str, lead: str) -> Ask:
        self._number, self._asked, self._lead = number, 1, (lead, *digit_prompts(number))
        return Ask((*self._lead, *self._choices()), CONFIRM_MS)

    def _choices(self) -> tuple[str, ...]:
        return ("callback-confirm",) if self.at_door else ("callback-confirm", "callback-star")

    def _confirm(self, digit: str) -> Ask | Over:
        if digit == "1":
            return Over("agreed", self._number)
        if digit == "2":
            self._number = ""
            return self._enter()
        if self._asked >= CONFIRM_TRIES:
            return self._back("silent")
        self._asked += 1
        complaint = "invalid-choice" if digit else "no-input"
        return Ask((complaint, *self._lead, *self._choices()), CONFIRM_MS, afresh=True)

    def _enter(self, *complaint: str) -> Ask | Over:
        if self.typed >= MOST_NUMBERS:
            return self._back("refused", *complaint)
        self.typed, self._digits = self.typed + 1, ""
        star = () if self.at_door else ("callback-star",)
        return Ask((*complaint, "callback-enter", *star), FIRST_DIGIT_MS, afresh=bool(complaint))

    def _type(self, digit: str) -> Ask | Over:
        if digit.isdecimal():
            self._digits += digit
            if len(self._digits) < MOST_DIGITS:
                return Ask((), NEXT_DIGIT_MS)
        elif not self._digits:
            return self._enter("no-input")
        judged = judge_number(self._digits, self.rules)
        if judged.why:
            self.refusals.append(judged.why)
            return self._enter(REFUSED.get(judged.why, "callback-refused"))
        return self._read_back(judged.number, "callback-typed")

    def _back(self, how: str, *complaint: str) -> Over:
        return Over(how, last_words=(*complaint, _farewell(self.at_door)))


def digit_prompts(number: str) -> list[str]:
    """A number read digit by digit."""
    return [f"digit-{digit}" for digit in number]


def answer_words(said: str, at_door: bool) -> tuple[str, ...]:
    """What the caller hears of acd's answer (taken, open, limit, refused); all but the first go back."""
    told = SAID.get(said, "callback-refused")
    return (told,) if said == "taken" else (told, _farewell(at_door))


def _farewell(at_door: bool) -> str:
    return "cannot-serve" if at_door else "callback-back"
