"""The talk about being called back, as a table: what the caller presses, what is heard, how it ends."""

from __future__ import annotations

import pytest

from acd.core.callback_numbers import NumberRules
from ivr.core.callback import MOST_DIGITS, Ask, CallbackTalk, Over, answer_words

RULES = NumberRules("cn", own=("4001",))
OWN = "13812345678"
SHORT = {
    "callback-your-number": "yours",
    "callback-typed": "typed",
    "callback-confirm": "right?",
    "callback-star": "or-star",
    "callback-enter": "enter",
    "callback-no-number": "no-number",
    "callback-own-refused": "not-yours",
    "callback-refused": "refused",
    "callback-abroad": "abroad",
    "callback-length": "length",
    "callback-back": "back-in-line",
    "invalid-choice": "invalid",
    "no-input": "silence",
}

TABLE = """
# presented     pressed                   heard after it, the last time | how, number
13812345678     1                         - | agreed 13812345678
+8613812345678  1                         - | agreed 13812345678
13812345678     *                         back-in-line                                      | back
13812345678     2                         enter or-star                                     |
13812345678     2,*                       back-in-line                                      | back
13812345678     9                         invalid yours 13812345678 right? or-star          |
13812345678     9,_,_                     back-in-line                                      | silent
13812345678     9,_,1                     - | agreed 13812345678
13812345678     _,_,_                     back-in-line                                      | silent
13812345678     2,01088889999#            typed 01088889999 right? or-star                  |
13812345678     2,01088889999_            typed 01088889999 right? or-star                  |
13812345678     2,01088889999#,1          - | agreed 01088889999
13812345678     2,01088889999#,*          back-in-line                                      | back
13812345678     2,0108*                   back-in-line                                      | back
13812345678     2,01088889999#,2          enter or-star                                     |
13812345678     2,#                       silence enter or-star                             |
13812345678     2,_                       silence enter or-star                             |
13812345678     2,_,_,_                   silence back-in-line | refused
13812345678     2,008522345678#           abroad enter or-star                              |
13812345678     2,110#                    refused enter or-star                             |
13812345678     2,4001#                   refused enter or-star                             |
13812345678     2,16812345#               refused enter or-star                             |
13812345678     2,8888#                   length enter or-star                              |
13812345678     2,110#,8888#,88889999#,1  - | agreed 88889999
13812345678     2,110#,8888#,00852#       abroad back-in-line | refused
13812345678     2,88889999#,2,77779999#,2,66669999#,2  back-in-line | refused
-               -                         no-number enter or-star                           |
-               88889999#,1               - | agreed 88889999
+85223456789    -                         not-yours enter or-star                           |
4001            -                         not-yours enter or-star                           |
anonymous       -                         no-number enter or-star                           |
"<x>"           -                         not-yours enter or-star                           |
"""


def rows() -> list[tuple[str, str, str, str]]:
    found = []
    for line in TABLE.splitlines():
        if line and not line.startswith("#"):
            left, _, end = line.partition("|")
            presented, pressed, *heard = left.split()
            found.append((presented.strip("-"), pressed.strip("-"), " ".join(heard).strip("-"), end.strip()))
    return found


def play(talk: CallbackTalk, pressed: str) -> Ask | Over:
    """The step after all these keys; "_" is silence, commas only part them for the eye."""
    step = talk.begin()
    for key in pressed.replace(",", ""):
        assert isinstance(step, Ask), f"{key} after the end"
        step = talk.press("" if key == "_" else key)
    return step


def heard(step: Ask | Over) -> str:
    """The prompts by their short names, digits together."""
    prompts = step.prompts if isinstance(step, Ask) else step.last_words
    words = [SHORT.get(prompt, prompt) for prompt in prompts]
    digits = "".join(word.removeprefix("digit-") for word in words if word.startswith("digit-"))
    others = [word for word in words if not word.startswith("digit-")]
    place = next((n for n, word in enumerate(words) if word.startswith("digit-")), 0)
    return " ".join([*others[:place], digits, *others[place:]] if digits else others)


@pytest.mark.parametrize(("presented", "pressed", "prompts", "end"), rows())
def test_the_table(presented: str, pressed: str, prompts: str, end: str) -> None:
    step = play(CallbackTalk(RULES, presented), pressed)
    assert heard(step) == prompts
    assert (f"{step.how} {step.number}".strip() if isinstance(step, Over) else "") == end


def test_the_own_number_is_read_out_first() -> None:
    assert heard(play(CallbackTalk(RULES, OWN), "")) == f"yours {OWN} right? or-star"


def test_only_a_wrong_answer_makes_what_was_typed_ahead_forgotten() -> None:
    steps = [play(CallbackTalk(RULES, OWN), keys) for keys in ("", "2", "9", "2110#", "201088889999#")]
    assert [step.afresh for step in steps if isinstance(step, Ask)] == [False, False, True, True, False]


def test_a_number_has_an_end() -> None:
    talk = CallbackTalk(RULES, OWN)
    step = play(talk, "2" + "8" * MOST_DIGITS)
    assert heard(step) == "length enter or-star"
    assert talk.refusals == ["length"]


def test_no_caller_goes_round_for_ever() -> None:
    """Whatever is pressed again and again, the talk ends."""
    for keys in ("9", "_", "2", "8", "8#", "110#", "88889999#2", "288889999#9"):
        talk = CallbackTalk(RULES, OWN)
        step, count = talk.begin(), 0
        while isinstance(step, Ask) and count < 200:
            step = talk.press(keys[count % len(keys)].replace("_", ""))
            count += 1
        assert isinstance(step, Over), keys


def test_who_was_turned_away_is_promised_no_line() -> None:
    talk = CallbackTalk(RULES, OWN, at_door=True)
    assert heard(talk.begin()) == f"yours {OWN} right?"
    assert heard(talk.press("2")) == "enter"
    assert heard(talk.press("*")) == "cannot-serve"


def test_refusals_are_kept_by_reason_never_by_number() -> None:
    talk = CallbackTalk(RULES, "+85223456789")
    play(talk, "110#8888#")
    assert (talk.refusals, talk.typed) == (["abroad", "emergency", "length"], 3)


def test_nobody_is_called_back_just_now() -> None:
    assert CallbackTalk(RULES, OWN).refuse() == Over("refused", "", ("callback-refused", "callback-back"))


@pytest.mark.parametrize(
    ("said", "at_door", "words"),
    [
        ("taken", False, ("callback-taken",)),
        ("taken", True, ("callback-taken",)),
        ("open", False, ("callback-open", "callback-back")),
        ("limit", False, ("callback-limit", "callback-back")),
        ("limit", True, ("callback-limit", "cannot-serve")),
        ("refused", False, ("callback-refused", "callback-back")),
        ("nonsense", False, ("callback-refused", "callback-back")),
    ],
)
def test_what_acd_answered(said: str, at_door: bool, words: tuple[str, ...]) -> None:
    assert answer_words(said, at_door) == words
