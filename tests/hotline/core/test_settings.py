"""What settings derive from themselves: the ring cycle, and where a trunk's calls come from."""

from __future__ import annotations

import pytest

from hotline.core.settings import Hotline, Queue, Settings, Team, Text, Trunk


@pytest.mark.parametrize(("country", "period_ms"), [("cn", 5000), ("us", 6000), ("uk", 3000)])
def test_the_ring_cycle_is_the_country_s(country: str, period_ms: int) -> None:
    assert Settings(1, Hotline(country=country)).ring_period_ms == period_ms


def test_the_ring_cycle_can_be_replaced() -> None:
    assert Settings(1, Hotline(country="cn", ring_cycle_ms=500)).ring_period_ms == 500


@pytest.mark.parametrize(
    ("trunk", "sources"),
    [
        (Trunk("t", "peer"), ()),
        (Trunk("t", "peer", address="192.0.2.1"), ()),
        (Trunk("t", "peer", match=("192.0.2.1",)), ("192.0.2.1",)),
        (Trunk("t", "address", address="192.0.2.1:5080"), ("192.0.2.1",)),
        (Trunk("t", "address", address="192.0.2.1", match=("10.0.0.0/8",)), ("10.0.0.0/8",)),
        (Trunk("t", "registered", address="sip.example.org:5060"), ("sip.example.org",)),
        (Trunk("t", "address", address="[2001:db8::1]:5060"), ("2001:db8::1",)),
        (Trunk("t", "address", address="[2001:db8::1]"), ("2001:db8::1",)),
    ],
)
def test_where_calls_of_a_trunk_come_from(trunk: Trunk, sources: tuple[str, ...]) -> None:
    assert trunk.sources == sources


def test_teams_stand_for_their_agents_each_once() -> None:
    settings = Settings(1, teams=(Team("vip", ("1001", "1002")), Team("keys", ("1002", "1003"))))
    assert settings.preferred(()) == ()
    assert settings.preferred(("1002", "vip", "keys", "9")) == ("1002", "1001", "1003", "9")


def test_a_queue_without_a_short_abandon_limit_has_the_house_s() -> None:
    settings = Settings(1, Hotline(short_abandon_s=7))
    text = Text("甲", "A")
    assert settings.short_abandon_ms(Queue("a", text)) == 7_000
    assert settings.short_abandon_ms(Queue("a", text, short_abandon_s=0)) == 0
