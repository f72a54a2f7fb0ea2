"""Settings as the distributor gets them: in ms, by the names of its rules."""

from __future__ import annotations

from acd.core.house_rules import AgentRules, FailedOfferRule
from acd.settings_view import settings_changed
from hotline.core.settings import (
    FailedOffer,
    FailedOffers,
    Hotline,
    Queue,
    Reason,
    Settings,
    Text,
    WithoutAgents,
)


def test_the_defaults_of_the_settings_are_those_of_the_distributor() -> None:
    assert settings_changed(Settings(1)).agent_rules == AgentRules()


def test_what_is_set_arrives_in_ms() -> None:
    hotline = Hotline(
        after_contact_prolong_s=20,
        after_contact_max_s=400,
        disposition_max_s=100,
        phone_gone_s=30,
        failed_offers=FailedOffers(busy=FailedOffer("logged_out", 3), pause_s=7),
    )
    ways = WithoutAgents("voicemail", "wait")
    queues = tuple(
        Queue(asks, Text("甲", "A"), disposition=asks, max_predicted_wait_s=300, predicted_overflow=ways)
        for asks in ("none", "optional", "required")
    )
    told = settings_changed(
        Settings(
            1,
            hotline,
            not_ready_reasons={"1": Reason("小休", "Break", 600), "2": Reason("会议", "Meeting")},
            dispositions={"11": Text("咨询", "Question")},
            queues=queues,
        )
    )
    assert [queue.short_abandon_ms for queue in told.queues] == [5_000, 5_000, 5_000]
    assert {(queue.max_predicted_ms, queue.predicted) for queue in told.queues} == {
        (300_000, ("voicemail", ""))
    }
    rules = told.agent_rules
    assert (rules.prolong_ms, rules.longest_work_ms, rules.code_wait_ms) == (20_000, 400_000, 100_000)
    assert (rules.codes, rules.break_ms) == (("11",), (("1", 600_000),))
    assert (rules.phone_gone_ms, rules.pause_ms) == (30_000, 7_000)
    assert dict(rules.failed_offers)["busy"] == FailedOfferRule("logged_out", 3)
    assert [queue.disposition for queue in told.queues] == ["", "optional", "required"]


def test_rings_are_those_of_the_country_and_of_the_queue_if_it_says_so() -> None:
    hotline = Hotline(country="us", offer_rings=4, target_rings=3)
    queues = (
        Queue("house", Text("甲", "A")),
        Queue("own", Text("乙", "B"), offer_rings=2, target_rings=5),
    )
    told = settings_changed(Settings(1, hotline, queues=queues)).queues
    assert [(queue.offer_ring_ms, queue.target_ms) for queue in told] == [(24_000, 18_000), (12_000, 30_000)]
