"""Which prompts a hotline needs, and their words in both languages.

A prompt has one key, or a family of them (a placeholder in the key, like `agent-{agent}`), which the
settings fill: one prompt per agent, per queue, per opening hours. It must not know files or speech engines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from hotline.core.settings import Hours, Settings, Text

POSITIONS = range(1, 31)
"""Places in line that have a prompt of their own; further back is `position-many`."""

LANGUAGES = ("zh", "en")
CHINESE_DIGITS = dict(zip("0123456789", "零一二三四五六七八九", strict=True))
CHINESE_ONE_IN_NUMBERS = "幺"
"""In a telephone number one is said so, for it sounds like seven otherwise."""
_WEEKDAYS = {
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}


@dataclass(frozen=True, slots=True)
class _Words:
    """How one language puts hours together."""

    to: str
    and_: str
    between: str
    all_day: str
    every_day: str
    never: str


_WORDS = {
    "zh": _Words("至", "和", "，", "全天", "每天", "暂不开放"),
    "en": _Words(" to ", " and ", ", ", "all day", "every day", "closed until further notice"),
}


def agent_prompt(number: str) -> str:
    """Key of "agent NUMBER at your service"."""
    return f"agent-{number}"


def queue_prompt(queue: str) -> str:
    """Key of the queue's title, which its agents hear as a whisper."""
    return f"queue-{_key(queue)}"


def closed_prompt(hours: str) -> str:
    """Key of "we are closed; our hours are …" for opening hours by name."""
    return f"closed-{_key(hours)}"


def position_prompt(position: int) -> str:
    """Key of "you are number N in line", N from 1."""
    return f"position-{position}" if position in POSITIONS else "position-many"


def prompts_of(catalogue: Mapping[str, Text], settings: Settings) -> dict[str, Text]:
    """Every prompt of the catalogue with its words, families filled in from the settings."""
    prompts: dict[str, Text] = {}
    for key, text in catalogue.items():
        for name, fill in _fillings(key, settings):
            prompts[name] = Text(text.zh.format_map(fill["zh"]), text.en.format_map(fill["en"]))
    return prompts


Filling = dict[str, dict[str, str]]


def _fillings(key: str, settings: Settings) -> Iterator[tuple[str, Filling]]:
    """(prompt key, words for its placeholders by language) of each prompt that a catalogue key stands for."""
    hotline = settings.hotline.name
    house = {
        "zh": {"hotline": hotline.zh, "reasons": _reasons(settings, "zh")},
        "en": {"hotline": hotline.en, "reasons": _reasons(settings, "en")},
    }
    if "{position}" in key:
        for position in POSITIONS:
            yield position_prompt(position), _with(house, position=(str(position), str(position)))
    elif "{minutes}" in key:
        for minutes in POSITIONS:
            yield key.format(minutes=minutes), _with(house, minutes=(str(minutes), str(minutes)))
    elif "{digit}" in key:
        for digit in CHINESE_DIGITS:
            yield key.format(digit=digit), _with(house, digit=(digit, digit))
    elif "{spoken}" in key:
        for digit, chinese in {**CHINESE_DIGITS, "1": CHINESE_ONE_IN_NUMBERS}.items():
            yield key.format(spoken=digit), _with(house, spoken=(chinese, digit))
    elif "{agent}" in key:
        for agent in settings.agents:
            digits = "".join(CHINESE_DIGITS[digit] for digit in agent.number), " ".join(agent.number)
            yield agent_prompt(agent.number), _with(house, agent=digits)
    elif "{queue}" in key:
        for queue in settings.queues:
            yield queue_prompt(queue.name), _with(house, queue=(queue.title.zh, queue.title.en))
    elif "{hours}" in key:
        for hours in settings.hours:
            yield (
                closed_prompt(hours.name),
                _with(house, hours=(say_hours(hours, "zh"), say_hours(hours, "en"))),
            )
    else:
        yield key, house


def _with(house: Filling, **words: tuple[str, str]) -> Filling:
    zh, en = ({name: pair[place] for name, pair in words.items()} for place in (0, 1))
    return {"zh": {**house["zh"], **zh}, "en": {**house["en"], **en}}


def _reasons(settings: Settings, language: str) -> str:
    if language == "zh":
        return "，".join(f"{text.zh}请按{digit}" for digit, text in settings.not_ready_reasons.items())
    return ", ".join(f"for {text.en} press {digit}" for digit, text in settings.not_ready_reasons.items())


def say_hours(hours: Hours, language: str) -> str:
    """The weekly hours as a spoken sentence part; holidays and extra days are left out."""
    words, names = _WORDS[language], _WEEKDAYS[language]
    parts = []
    for days, spans in _groups(hours.weekdays):
        if not spans:
            continue
        who = names[days[0]] if len(days) == 1 else names[days[0]] + words.to + names[days[-1]]
        who = words.every_day if len(days) == len(names) else who
        if spans == (("00:00", "24:00"),):
            times = words.all_day
        else:
            times = words.and_.join(_say_span(span, language) for span in spans)
        parts.append(who + times if language == "zh" else f"{who} {times}")
    return words.between.join(parts) or words.never


def _groups(
    weekdays: Iterable[tuple[tuple[str, str], ...]],
) -> Iterator[tuple[list[int], tuple[tuple[str, str], ...]]]:
    """Runs of neighbouring weekdays with the same hours."""
    days: list[int] = []
    last: tuple[tuple[str, str], ...] = ()
    for day, spans in enumerate(weekdays):
        if days and spans != last:
            yield days, last
            days = []
        days.append(day)
        last = spans
    if days:
        yield days, last


def _say_span(span: tuple[str, str], language: str) -> str:
    opens, closes = (_say_time(text, language) for text in span)
    return f"{opens}到{closes}" if language == "zh" else f"from {opens} to {closes}"


def _say_time(text: str, language: str) -> str:
    hour, minute = (int(part) for part in text.split(":"))
    if language == "zh":
        return f"{hour}点" + (f"{minute}分" if minute else "")
    if hour == 24:
        return "midnight"
    return f"{hour}:{minute:02}" if minute else f"{hour} o'clock"


def _key(name: str) -> str:
    """A settings name as part of a prompt key, which has no underscore."""
    return name.replace("_", "-")
