"""The hotline's own figures for /metrics, taken from the same picture as the tiles, so that both agree.

Counters begin at zero each local midnight, as the tiles do; Prometheus takes that for the reset it is. While
the picture is stale nothing is told of the present, since no figure is better than an old one. Agents' states
are few, and queues are those of the settings and those of today's calls that the settings have lost since, so
the labels are bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from acd.core.agents import STATES
from acd.core.picture import Picture
from acd.core.totals import Totals
from hotline.core.settings import Settings
from hotline.web.live_picture import LivePicture

ENTRY_ENDS = ("answered", "abandoned", "out", "lost")
WAIT_BUCKETS_S = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200)
"""15 s is the norm of GB/T 33358, 20 s the common T of service levels; beyond, patience runs out."""
FLOW_OUTCOMES = ("voice_message", "message", "callback", "refused", "hung_up", "fallback", "lost")


class FiguresCollector(Collector):
    """Reads the live picture each time somebody asks for metrics."""

    def __init__(self, live: LivePicture, settings: Callable[[], Settings]) -> None:
        self._live = live
        self._settings = settings

    def collect(self) -> Iterator[Metric]:
        picture = self._live.picture
        if picture is None:
            return
        now_ms = self._live.now_ms()
        picture.roll(now_ms)
        named = [queue.name for queue in self._settings().queues]
        queues = list(dict.fromkeys([*named, *picture.day_by_queue, *picture.waiting(now_ms)]))
        yield _contacts(picture.day)
        by_queue = {name: picture.day_by_queue.get(name, Totals()) for name in queues}
        yield from _entries(by_queue)
        if not self._live.stale:
            yield from _waiting(picture, queues, now_ms)
            agents = [agent.number for agent in self._settings().agents]
            yield _agents(picture, agents)
            yield from _in_need(picture, agents)


def _contacts(day: Totals) -> Metric:
    family = CounterMetricFamily(
        "hotline_contacts", "Contacts today, by what became of them", labels=["outcome"]
    )
    known = {outcome: day.ended_in_flow.get(outcome, 0) for outcome in FLOW_OUTCOMES}
    other = sum(day.ended_in_flow.values()) - sum(known.values())
    counts = {"blocked": day.blocked, "closed": day.closed, **known, "other": other, "asked_agent": day.asked}
    for outcome, number in counts.items():
        family.add_metric([outcome], number)
    return family


def _entries(by_queue: dict[str, Totals]) -> Iterator[Metric]:
    offered = CounterMetricFamily(
        "hotline_queue_offered", "Queue entries today, ended or not", labels=["queue"]
    )
    entries = CounterMetricFamily(
        "hotline_queue_entries", "Queue entries of today that are over", labels=["queue", "how"]
    )
    timely = CounterMetricFamily(
        "hotline_queue_timely", "Contacts of today answered within the target", labels=["queue"]
    )
    waits = HistogramMetricFamily(
        "hotline_answer_wait_seconds", "Waits of today's answered entries", labels=["queue"]
    )
    for queue, totals in by_queue.items():
        offered.add_metric([queue], totals.offered)
        timely.add_metric([queue], totals.timely)
        for how in ENTRY_ENDS:
            entries.add_metric([queue, how], getattr(totals, how))
        answered = totals.answered_waits
        buckets = [(f"{bound:.1f}", float(answered.within(bound * 1000))) for bound in WAIT_BUCKETS_S]
        waits.add_metric([queue], [*buckets, ("+Inf", float(len(answered)))], answered.total_ms / 1000)
    yield from (offered, entries, timely, waits)


def _in_need(picture: Picture, agents: list[str]) -> Iterator[Metric]:
    views = [picture.agents[number] for number in agents if number in picture.agents]
    overdue = sum(view.overdue and view.state == "not_ready" for view in views)
    yield GaugeMetricFamily("hotline_agents_overdue", "Agents not ready for longer than they may", overdue)
    hands = sum(view.help_ms > 0 for view in views)
    yield GaugeMetricFamily("hotline_agents_hands_raised", "Agents who ask for help", hands)


def _waiting(picture: Picture, queues: list[str], now_ms: int) -> Iterator[Metric]:
    counts = GaugeMetricFamily("hotline_queue_waiting", "Callers not answered so far", labels=["queue"])
    longest = GaugeMetricFamily(
        "hotline_queue_longest_wait_seconds", "Longest wait of a caller not answered so far", labels=["queue"]
    )
    waiting = picture.waiting(now_ms)
    for queue in queues:
        count, longest_ms = waiting.get(queue, (0, 0))
        counts.add_metric([queue], count)
        longest.add_metric([queue], longest_ms / 1000)
    yield from (counts, longest)


def _agents(picture: Picture, numbers: list[str]) -> Metric:
    family = GaugeMetricFamily("hotline_agents", "Agents by state", labels=["state"])
    counts = dict.fromkeys(STATES, 0)
    for number in dict.fromkeys(chain(numbers, picture.agents)):
        view = picture.agents.get(number)
        state = view.state if view is not None else "offline"
        counts[state] = counts.get(state, 0) + 1
    for state, count in counts.items():
        family.add_metric([state], count)
    return family
