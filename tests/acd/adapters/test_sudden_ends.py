"""The end of a leg that nobody ended waits a moment for a transfer to be told."""

import asyncio

import pytest

from acd.adapters import sudden_ends
from acd.adapters.legs import Leg
from acd.adapters.sudden_ends import SuddenEnds


def _keep(ends: SuddenEnds, told: list[str], uniqueid: str, contact: str) -> Leg:
    leg = Leg(f"offer-{uniqueid}", contact, f"PJSIP/{uniqueid}")
    ends.keep(uniqueid, leg, lambda: told.append(uniqueid))
    return leg


async def test_an_end_is_told_once_whoever_settles_it() -> None:
    ends, told = SuddenEnds(), list[str]()
    leg = _keep(ends, told, "l1", "c1")
    assert ends.leg("l1") is leg
    ends.settle("l1")
    ends.settle("l1")
    ends.settle_contact("c1")
    ends.settle_all()
    assert (told, ends.leg("l1")) == (["l1"], None)


async def test_a_caller_who_leaves_settles_the_ends_of_that_contact_only() -> None:
    ends, told = SuddenEnds(), list[str]()
    _keep(ends, told, "l1", "c1")
    _keep(ends, told, "l2", "c2")
    ends.settle_contact("c2")
    assert told == ["l2"]
    ends.settle_all()
    assert told == ["l2", "l1"]


async def test_without_any_word_the_end_is_told_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sudden_ends, "WAIT_S", 0.01)
    ends, told = SuddenEnds(), list[str]()
    _keep(ends, told, "l1", "c1")
    assert told == []
    await asyncio.sleep(0.05)
    assert told == ["l1"]
