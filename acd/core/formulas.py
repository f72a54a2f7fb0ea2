"""Every rate and average that is shown, with its name, its formula in words, and where it comes from.

A number is never shown without the name beside it: five service levels of the same day differ. A formula
takes totals and gives a share from 0 to 1, or ms; None when there is nothing to divide by. T
(service_level_s) is a setting; s (short_abandon_s) is each queue's own, so ab≤s comes counted. This module
must not know facts or how numbers are shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from acd.core.totals import AgentTotals, Totals
from hotline.core.settings import Text

SERVICE_LEVELS = Text(
    "callcentrehelper.com，服务水平：各种门限算法",
    "callcentrehelper.com, service level: threshold calculations",
)
TRADE = Text(
    "呼叫中心通行；分母各处不一，故写明",
    "usual in call centres; the denominator is stated because it is not agreed everywhere",
)
TIMELY = Text(
    "中国热线的接听及时率；标准：15 秒（GB/T 33358-2016，据转述）、4 声（95598）",
    "接听及时率 of Chinese hotlines; norms: 15 s (GB/T 33358-2016 as reported), 4 rings (95598)",
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the formulas take from the settings. In ms."""

    target_ms: int  # T


Counted = TypeVar("Counted", Totals, AgentTotals)
Parts = Callable[[Totals, Limits], tuple[int, int]]  # numerator and denominator, of the house or a queue


@dataclass(frozen=True, slots=True)
class Formula(Generic[Counted]):
    """One number: what it is called, how it is made, and from what."""

    key: str
    title: Text
    words: Text  # the formula as it is printed
    unit: str  # "share" (0 to 1) or "ms"
    source: Text
    _parts: Callable[[Counted, Limits], tuple[int, int]]

    def parts(self, totals: Counted, limits: Limits) -> tuple[int, int]:
        """Numerator and denominator."""
        return self._parts(totals, limits)

    def value(self, totals: Counted, limits: Limits) -> float | None:
        """The number, or None when the denominator is 0."""
        numerator, denominator = self._parts(totals, limits)
        return numerator / denominator if denominator else None


def rings_heard(wait_ms: int, period_ms: int) -> int:
    """How many rings a wait was, a begun one counted: 15.0 s at 5 s a ring is ring 3, 15.001 s is ring 4."""
    return -(-wait_ms // period_ms)


def in_time(wait_ms: int, target_rings: int, period_ms: int) -> bool:
    """Whether a call was answered within the promised rings, the last ms included."""
    return wait_ms <= target_rings * period_ms


def adherence(right_ms: int, scheduled_ms: int) -> float | None:
    """Adherence 排班遵从率: time in the right state at the right minute ÷ time scheduled.

    Source: usual in workforce management. Who is right when comes from the roster, so it is no sum of totals.
    """
    return right_ms / scheduled_ms if scheduled_ms else None


def first_contact_resolution(settled: int, callers_with_subject: int) -> float | None:
    """FCR 一次解决率: (caller, subject) pairs without another contact within the window ÷ all such pairs.

    Source: usual in call centres. The window and what makes a pair must be printed with it.
    """
    return settled / callers_with_subject if callers_with_subject else None


def _ended(totals: Totals) -> int:
    """Entries that are over. Those lost by a failure of ours reached nobody and are not left out."""
    return totals.answered + totals.abandoned + totals.out + totals.lost


def _answered_in_target(totals: Totals, limits: Limits) -> int:
    return totals.answered_waits.within(limits.target_ms)


def _handling_ms(totals: Totals | AgentTotals) -> int:
    return totals.talk_ms + totals.hold_ms + totals.acw_ms


def _busy_and_idle_ms(totals: AgentTotals) -> tuple[int, int]:
    busy_ms = sum(totals.states_ms.get(state, 0) for state in ("on_contact", "on_hold", "acw"))
    return busy_ms, busy_ms + totals.states_ms.get("ready", 0)


def _satisfied(totals: Totals | AgentTotals) -> int:
    return totals.satisfaction.get("4", 0) + totals.satisfaction.get("5", 0)


def _answers(totals: Totals | AgentTotals) -> int:
    return sum(totals.satisfaction.values())


def _served(totals: Totals) -> int:
    return totals.answered + totals.abandoned


def _abandoned_in_target(totals: Totals, limits: Limits) -> int:
    return totals.abandoned_waits.within(limits.target_ms)


def _share(
    key: str,
    zh: str,
    en: str,
    words: Text,
    parts: Callable[[Counted, Limits], tuple[int, int]],
    source: Text = TRADE,
) -> Formula[Counted]:
    return Formula(key, Text(zh, en), words, "share", source, parts)


def _average(
    key: str, zh: str, en: str, words: Text, parts: Callable[[Counted, Limits], tuple[int, int]]
) -> Formula[Counted]:
    return Formula(key, Text(zh, en), words, "ms", TRADE, parts)


def _service_level(number: int, words: Text, parts: Parts) -> Formula[Totals]:
    zh, en = f"服务水平 SL-{number}", f"Service level SL-{number}"
    return _share(f"sl{number}", zh, en, words, parts, SERVICE_LEVELS)


_SERVICE_LEVELS: tuple[Formula[Totals], ...] = (
    _service_level(
        1,
        Text("(T 内接通 + T 内放弃) ÷ (接通 + 放弃)", "(ans≤T + ab≤T) ÷ (ans + ab)"),
        lambda t, p: (_answered_in_target(t, p) + _abandoned_in_target(t, p), _served(t)),
    ),
    _service_level(
        2, Text("T 内接通 ÷ 接通", "ans≤T ÷ ans"), lambda t, p: (_answered_in_target(t, p), t.answered)
    ),
    _service_level(
        3,
        Text("T 内接通 ÷ (接通 + 放弃)", "ans≤T ÷ (ans + ab)"),
        lambda t, p: (_answered_in_target(t, p), _served(t)),
    ),
    _service_level(
        4,
        Text("T 内接通 ÷ (接通 + 超过 T 放弃)", "ans≤T ÷ (ans + ab>T)"),
        lambda t, p: (_answered_in_target(t, p), _served(t) - _abandoned_in_target(t, p)),
    ),
    _service_level(
        5,
        Text("(T 内接通 + s 内放弃) ÷ (接通 + 放弃)", "(ans≤T + ab≤s) ÷ (ans + ab)"),
        lambda t, p: (_answered_in_target(t, p) + t.short_abandoned, _served(t)),
    ),
)

_ANSWERS: tuple[Formula[Totals], ...] = (
    _share(
        "timely_of_all",
        "接听及时率(占来电总数)",
        "Timely-answer rate (of all calls)",
        Text("规定铃声（target_rings）内接听 ÷ 来电总数", "answered within target_rings ÷ all calls"),
        lambda t, _: (t.timely, t.contacts),
        TIMELY,
    ),
    _share(
        "timely_of_asked",
        "接听及时率(占请求人工)",
        "Timely-answer rate (of calls that asked for an agent)",
        Text(
            "规定铃声（target_rings）内接听 ÷ 请求人工的来电",
            "answered within target_rings ÷ calls that asked for an agent",
        ),
        lambda t, _: (t.timely, t.asked),
        TIMELY,
    ),
    _share(
        "answer_rate",
        "接通率",
        "Answer rate",
        Text("接通 ÷ (接通 + 放弃 + 转往他处 + 丢失)", "ans ÷ (ans + ab + out + lost)"),
        lambda t, _: (t.answered, _ended(t)),
    ),
    _average(
        "asa",
        "平均应答速度",
        "Average speed of answer (ASA)",
        Text("Σ 已接通者的等待 ÷ 接通", "Σ wait of answered ÷ ans"),
        lambda t, _: (t.answered_waits.total_ms, t.answered),
    ),
    _share(
        "promise_rate",
        "等待承诺兑现率",
        "Promised waits kept",
        Text(
            "首次承诺到期前接通 ÷ 作出承诺后接通",
            "answered by the end of the first promise ÷ answered after a promise",
        ),
        lambda t, _: (t.promises_kept, t.promised),
        Text(
            "本系统自定：承诺取 80% 分位数，约 0.8 为宜，远高于此则过于保守",
            "ours: the promise is the 80 % quantile, so about 0.8 is right, and far more is over-cautious",
        ),
    ),
    _share(
        "abandon_rate",
        "放弃率",
        "Abandon rate",
        Text("放弃 ÷ (接通 + 放弃 + 转往他处 + 丢失)", "ab ÷ (ans + ab + out + lost)"),
        lambda t, _: (t.abandoned, _ended(t)),
    ),
    _share(
        "net_abandon_rate",
        "放弃率(不计短时放弃)",
        "Abandon rate, short ones left out",
        Text(
            "(放弃 − s 内放弃) ÷ (接通 + 放弃 + 转往他处 + 丢失 − s 内放弃)",
            "(ab − ab≤s) ÷ (ans + ab + out + lost − ab≤s)",
        ),
        lambda t, _: (t.abandoned - t.short_abandoned, _ended(t) - t.short_abandoned),
    ),
)


def _handling(kind: type[Counted]) -> tuple[Formula[Counted], ...]:
    """Formulas for the house, a queue and an agent alike."""
    return (
        _average(
            "aht",
            "平均处理时长",
            "Average handling time (AHT)",
            Text("Σ (通话 + 保持 + 话后处理) ÷ 通话段数", "Σ (talk + hold + ACW) ÷ handled"),
            lambda t, _: (_handling_ms(t), t.handled),
        ),
        _average(
            "average_talk",
            "平均通话时长",
            "Average talk",
            Text("Σ 通话 ÷ 通话段数", "Σ talk ÷ handled"),
            lambda t, _: (t.talk_ms, t.handled),
        ),
        _average(
            "average_hold",
            "平均保持时长",
            "Average hold",
            Text("Σ 保持 ÷ 通话段数", "Σ hold ÷ handled"),
            lambda t, _: (t.hold_ms, t.handled),
        ),
        _average(
            "average_acw",
            "平均话后处理时长",
            "Average after-contact work",
            Text("Σ 话后处理 ÷ 通话段数", "Σ ACW ÷ handled"),
            lambda t, _: (t.acw_ms, t.handled),
        ),
        _share(
            "transfer_rate",
            "转接率",
            "Transfer rate",
            Text("转接 ÷ 通话段数", "transferred ÷ handled"),
            lambda t, _: (t.transferred, t.handled),
        ),
        _share(
            "rona_rate",
            "未应答率",
            "RONA rate",
            Text("未应答的分配 ÷ 全部分配", "unanswered offers ÷ offers"),
            lambda t, _: (t.offers_failed.get("no_answer", 0), t.offers),
        ),
    )


def _satisfaction(kind: type[Counted]) -> tuple[Formula[Counted], ...]:
    """What callers answered, for the house, a queue and an agent alike."""
    return (
        _share(
            "csat",
            "满意率",
            "Satisfaction (CSAT)",
            Text("4、5 分评价 ÷ 全部评价", "answers 4 and 5 ÷ answers"),
            lambda t, _: (_satisfied(t), _answers(t)),
        ),
        _share(
            "survey_response",
            "满意度参评率",
            "Survey response rate",
            Text("全部评价 ÷ 受邀来电者", "answers ÷ callers asked"),
            lambda t, _: (_answers(t), t.survey_asked),
        ),
    )


_OCCUPANCY: Formula[AgentTotals] = _share(
    "occupancy",
    "工时利用率",
    "Occupancy",
    Text(
        "(通话 + 保持 + 话后处理) ÷ (通话 + 保持 + 话后处理 + 就绪)，按状态时长",
        "(talk + hold + ACW) ÷ (talk + hold + ACW + ready), by time in states",
    ),
    lambda t, _: _busy_and_idle_ms(t),
)


def _by_key(*formulas: Formula[Counted]) -> dict[str, Formula[Counted]]:
    return {formula.key: formula for formula in formulas}


FORMULAS = _by_key(*_SERVICE_LEVELS, *_ANSWERS, *_handling(Totals), *_satisfaction(Totals))
"""For the house and for queues, in the order in which they are shown."""

AGENT_FORMULAS = _by_key(*_handling(AgentTotals), *_satisfaction(AgentTotals), _OCCUPANCY)
"""For agents."""
