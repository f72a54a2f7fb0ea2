"""Whether a caller was verified, whichever of Asterisk's two voices is heard first."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from acd.adapters.verdicts import Verdicts
from acd.core.agents import VERIFYING
from acd.core.facts import CallerVerified

SENT = {
    "Event": "BlindTransfer",
    "Result": "Success",
    "TransfererUniqueid": "7",
    "Extension": "8999",
}
VERDICT = {"Event": "UserEvent", "UserEvent": "HotlineVerified", "Uniqueid": "c1", "Result": "verified"}


class House:
    """1001 talks with c1 and sends the caller to enter digits."""

    def __init__(self, reason: str = "") -> None:
        self.told: list[Any] = []
        self.agent = SimpleNamespace(segment="1-1", contact="c1", reason=reason, offer="1-1")
        picture = SimpleNamespace(
            contacts={"c1": SimpleNamespace(agent="1001", queue="service")}, agents={"1001": self.agent}
        )
        engine: Any = SimpleNamespace(
            picture=picture,
            clock=SimpleNamespace(now_ms=lambda: 5),
            handle=lambda event: None,
            record=self.told.append,
        )
        leg = SimpleNamespace(transferred=True, contact="c1", offer="1-1", bridged=False)
        self.legs = {"7": leg}
        observer: Any = SimpleNamespace(legs=self.legs, leg=self.legs.get, orders=SimpleNamespace(link=None))
        settings: Any = SimpleNamespace(verification=SimpleNamespace(extension="8999"))
        self.verdicts = Verdicts(engine, observer, lambda: settings)


@pytest.mark.parametrize("back_already", [False, True])
def test_the_verdict_counts_for_whoever_sent_the_caller(back_already: bool) -> None:
    house = House()
    house.verdicts.on_message(SENT)
    house.agent.reason, house.agent.offer = VERIFYING, ""
    if back_already:  # the caller's next session was heard of before
        house.agent.reason, house.agent.segment = "", ""
    house.verdicts.on_message(VERDICT)
    assert house.told == [CallerVerified(5, "c1", "1-1", "1001", True)]


def test_the_verdict_of_a_later_talk_is_its_agents() -> None:
    """The first was never heard of: it fell into acd's restart."""
    house = House(VERIFYING)
    house.agent.reason, house.agent.segment, house.agent.offer = "", "1-2", "1-2"
    house.legs["8"] = SimpleNamespace(contact="c1", offer="1-2", bridged=True)
    house.verdicts.on_message(VERDICT)
    assert house.told == [CallerVerified(5, "c1", "1-2", "1001", True)]


@pytest.mark.parametrize("back_already", [False, True])
def test_after_a_restart_the_agents_state_tells_who_sent_the_caller(back_already: bool) -> None:
    house = House(VERIFYING)
    if back_already:
        house.agent.reason, house.agent.segment = "", ""
    house.verdicts.on_message(VERDICT)
    assert house.told == [CallerVerified(5, "c1", "1-1", "1001", True)]
